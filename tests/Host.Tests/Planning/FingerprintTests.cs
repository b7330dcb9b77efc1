using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

public sealed class FingerprintTests
{
    [Fact]
    public void A_key_is_what_it_always_was()
    {
        // The bytes of the framing, written out by hand and hashed by another program, so that a change of the framing
        // is seen: it would empty every cache.
        var unit = Fake.Unit("u", parts: [new KeyPart.Integer("i", 7), new KeyPart.Number("n", 0.5)]);
        using var bytes = new MemoryStream();
        void Field(byte tag, params byte[][] values)
        {
            bytes.WriteByte(tag);
            bytes.Write(BitConverter.GetBytes((long)values.Length));
            foreach (byte[] value in values)
            {
                bytes.Write(BitConverter.GetBytes((long)value.Length));
                bytes.Write(value);
            }
        }

        Field(1, "fake"u8.ToArray());
        Field(2, BitConverter.GetBytes(1L));
        Field(3, "name"u8.ToArray(), "u"u8.ToArray());
        Field(4, "i"u8.ToArray(), BitConverter.GetBytes(7L));
        Field(5, "n"u8.ToArray(), BitConverter.GetBytes(0.5));
        Fingerprint
            .Of(unit)
            .Should()
            .Be(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes.ToArray())));
    }

    [Property]
    public bool Texts_that_run_together_differ(string a, string b)
    {
        a ??= "";
        b ??= "";
        string one = Fingerprint.Of(Fake.Unit("u", parts: [new KeyPart.Text("x", a + b), new KeyPart.Text("y", "")]));
        string two = Fingerprint.Of(Fake.Unit("u", parts: [new KeyPart.Text("x", a), new KeyPart.Text("y", b)]));
        return b.Length == 0 || one != two;
    }

    [Property]
    public bool Equal_parts_give_equal_keys(string text, long integer, double number) =>
        Fingerprint.Of(Make(text, integer, number)) == Fingerprint.Of(Make(text, integer, number));

    [Fact]
    public void Type_version_kind_and_inputs_count()
    {
        Unit[] all =
        [
            Fake.Unit("u"),
            Fake.Unit("u", version: 2),
            Fake.Unit("u", kind: "other"),
            Fake.Unit("u", parts: new KeyPart.Text("p", "1")),
            Fake.Unit("u", parts: new KeyPart.Integer("p", 1)),
            Fake.Unit("u", parts: new KeyPart.Number("p", 1)),
            Fake.Unit("u", parts: new KeyPart.Inputs("p", [Fake.Unit("a")])),
            Fake.Unit("u", parts: new KeyPart.Inputs("p", [Fake.Unit("a", version: 2)])),
            Fake.Unit("u", parts: new KeyPart.Inputs("p", [Fake.Unit("a"), Fake.Unit("b")])),
            Fake.Unit("u", parts: new KeyPart.Inputs("p", [Fake.Unit("b"), Fake.Unit("a")])),
        ];
        all.Select(Fingerprint.Of).Should().OnlyHaveUniqueItems();
    }

    private static Unit Make(string text, long integer, double number) =>
        Fake.Unit(
            "u",
            parts:
            [
                new KeyPart.Text("t", text ?? ""),
                new KeyPart.Integer("i", integer),
                new KeyPart.Number("n", number),
            ]
        );
}
