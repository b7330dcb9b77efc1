using System.Buffers.Binary;
using System.Text;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

public sealed class SafeTensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public SafeTensorsTests() => TorchNative.Touch();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_written_is_read_back_in_every_type()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor half = torch.tensor(new float[] { 1.5f, -2, 0 }).to(torch.ScalarType.Float16);
        SafeTensorsWriter.Write(
            folder.File("a.safetensors"),
            [
                TensorToWrite.Of("f", [1.25f, -2, 3, 4, 5, 6], 2, 3),
                TensorToWrite.Of("d", [Math.PI]),
                TensorToWrite.Of("b", [1, 0, 255], 3),
                TensorToWrite.Of("half", half),
                TensorToWrite.Of("empty", Array.Empty<float>(), 0, 4),
                TensorToWrite.Of("i", torch.tensor(new long[] { -5, 6 })),
                TensorToWrite.Of(
                    "turned",
                    torch
                        .tensor(
                            new float[,]
                            {
                                { 1, 2 },
                                { 3, 4 },
                            }
                        )
                        .t()
                ),
            ],
            new Dictionary<string, string> { ["format"] = "pt" }
        );
        using SafeTensorsFile file = SafeTensorsFile.Open(folder.File("a.safetensors"));
        file.ReadFloat("f").Should().Equal(1.25f, -2, 3, 4, 5, 6);
        file.Shape("f").Should().Equal(2, 3);
        file.ReadDouble("d").Should().Equal(Math.PI);
        file.Shape("d").Should().BeEmpty();
        file.ReadBytes("b").Should().Equal(1, 0, 255);
        file.ReadFloat("half").Should().Equal(1.5f, -2, 0);
        file.Tensors["half"].Type.Should().Be(torch.ScalarType.Float16);
        file.ReadFloat("empty").Should().BeEmpty();
        file.ReadInt64("i").Should().Equal(-5, 6);
        file.ReadFloat("turned").Should().Equal(1, 3, 2, 4);
        file.Metadata.Should().Contain("format", "pt");
        file.Bytes("b").ToArray().Should().Equal(1, 0, 255);
        file.Mapped("f").sum().item<float>().Should().Be(17.25f);
        file.Invoking(f => f.ReadFloat("g")).Should().Throw<InputException>().WithMessage("*no tensor 'g'*");
    }

    [Fact]
    public void Released_tensors_can_be_read_again_and_their_neighbours_are_untouched()
    {
        float[] values = [.. Enumerable.Range(0, 10_000).Select(i => (float)i)];
        folder.Write("a.safetensors", TensorToWrite.Of("x", values, 10_000), TensorToWrite.Of("y", values, 100, 100));
        using SafeTensorsFile file = SafeTensorsFile.Open(folder.File("a.safetensors"));
        file.ReadFloat("x").Should().Equal(values);
        file.Release("x");
        file.Release("y");
        file.ReadFloat("y").Should().Equal(values);
        file.ReadFloat("x").Should().Equal(values);
    }

    [Fact]
    public void The_same_tensors_give_the_same_bytes_and_data_begins_at_a_multiple_of_8()
    {
        TensorToWrite[] tensors = [TensorToWrite.Of("x", [1f, 2], 2), TensorToWrite.Of("y", [3.0], 1)];
        byte[] first = Bytes(tensors),
            second = Bytes(tensors);
        first.Should().Equal(second);
        (BinaryPrimitives.ReadUInt64LittleEndian(first) % 8).Should().Be(0);
    }

    public static TheoryData<string, string> Damaged =>
        new()
        {
            { "", "empty" },
            { "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 99\n", "git-LFS pointer" },
            { "<!DOCTYPE html><html></html>", "web page" },
            { "abc", "cut off" },
            { "PK\x03\x04 archive", "pickle" },
            { "GGUF....", "GGUF" },
            { "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f{}", "not a safetensors file" },
            { Framed("{", 500), "cut off" },
            { Framed("{\"a\":"), "damaged" },
            { Framed("[]"), "damaged" },
            { Framed("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}"), "lacks its dtype" },
            { Framed("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"), "cut off" },
            { Framed("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}") + "1234", "cannot lie" },
            { Framed("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}") + "1234", "damaged" },
            {
                Framed(
                    "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4294967296],\"data_offsets\":[0,4]}}"
                ) + "1234",
                "cannot lie"
            },
            { Framed("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}") + "1234", "cannot lie" },
            { Framed("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}") + "1234", "quantised" },
            {
                Framed("{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}") + "1234",
                "belong to no tensor"
            },
            { Framed("{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[1,4]}}") + "1234", "hole" },
            {
                Framed(
                    "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                        + "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}"
                ) + "1234",
                "overlaps"
            },
            {
                Framed(
                    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                        + "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}"
                ) + "1234",
                "twice"
            },
            {
                Framed("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"shape\":[4],\"data_offsets\":[0,4]}}") + "1234",
                "field twice"
            },
            { Framed("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"more\":1}}") + "1234", "'more'" },
            { Framed("{\"\\ud800\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}") + "1234", "damaged" },
        };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void A_damaged_file_is_named_with_what_is_wrong(string content, string complaint)
    {
        string path = folder.Write("model.safetensors", Encoding.Latin1.GetBytes(content));
        FluentActions
            .Invoking(() => SafeTensorsFile.Open(path))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*model.safetensors*{complaint}*");
    }

    [Fact]
    public void A_missing_file_is_an_input_error() =>
        FluentActions
            .Invoking(() => SafeTensorsFile.Open(folder.File("none.safetensors")))
            .Should()
            .Throw<InputException>()
            .WithMessage("*none.safetensors*no such file*");

    [Fact]
    public void Every_truncation_is_an_input_error()
    {
        byte[] whole = Bytes(TensorToWrite.Of("x", [1f, 2], 2), TensorToWrite.Of("y", [3f], 1));
        for (int length = 0; length < whole.Length; length++)
        {
            string path = folder.Write("cut.safetensors", whole[..length]);
            FluentActions
                .Invoking(() => SafeTensorsFile.Open(path))
                .Should()
                .Throw<InputException>($"{length} of {whole.Length} bytes");
        }
    }

    /// <summary>
    /// Bytes flipped, inserted and removed anywhere: either the file opens and all its tensors lie inside, or one clear
    /// error; nothing else, and no large allocation.
    /// </summary>
    [Property(MaxTest = 3000)]
    public Property A_mutated_file_gives_an_input_error_or_tensors_inside_the_file()
    {
        byte[] whole = Bytes(
            TensorToWrite.Of("x", [1f, 2], 2),
            TensorToWrite.Of("layer.weight", [3f, 4, 5, 6], 2, 2),
            TensorToWrite.Of("b", [1, 2, 3], 3)
        );
        Gen<(int Kind, int At, int Value)> mutation =
            from kind in Gen.Choose(0, 3)
            from at in Gen.Choose(0, whole.Length - 1)
            from value in Gen.Choose(0, 255)
            select (kind, at, value);
        return Prop.ForAll(
            mutation.NonEmptyListOf().Select(m => m.ToArray()).ToArbitrary(),
            mutations =>
            {
                var bytes = new List<byte>(whole);
                foreach ((int kind, int position, int value) in mutations.Take(8))
                {
                    int at = Math.Min(position, bytes.Count - 1);
                    switch (kind)
                    {
                        case 0:
                            bytes[at] ^= (byte)(1 << (value & 7));
                            break;
                        case 1:
                            bytes[at] = (byte)"0123456789[]{},:\"F"[value % 18];
                            break;
                        case 2:
                            bytes.Insert(at, (byte)value);
                            break;
                        default:
                            if (bytes.Count > 1)
                            {
                                bytes.RemoveAt(at);
                            }

                            break;
                    }
                }

                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    Dictionary<string, StoredTensor> tensors = SafeTensorsHeader.Parse(
                        "fuzz",
                        bytes.ToArray(),
                        bytes.Count,
                        out _
                    );
                    return tensors.Values.All(t =>
                        t.Offset >= 8
                        && t.Offset + t.Bytes <= bytes.Count
                        && t.Bytes == t.Shape.Aggregate((long)SafeTensorsTypes.SizeOf(t.Type), (a, b) => a * b)
                    );
                }
                catch (InputException)
                {
                    return GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20;
                }
            }
        );
    }

    private static byte[] Bytes(params TensorToWrite[] tensors)
    {
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, tensors);
        return stream.ToArray();
    }

    private static string Framed(string header, int? length = null)
    {
        Span<byte> frame = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(frame, length ?? header.Length);
        return Encoding.Latin1.GetString(frame) + header;
    }
}
