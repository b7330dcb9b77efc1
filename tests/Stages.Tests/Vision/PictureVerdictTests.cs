using FluentAssertions;
using Pipelines.Models.Vision;
using Pipelines.Stages.Tests.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Vision;

public sealed class PictureVerdictTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_verdict_is_remembered_by_the_digest_and_found_again()
    {
        string sound = folder.Write("a.png", Pictures.Png),
            broken = folder.Write("b.png", Pictures.Png[..60]),
            memory = Path.Combine(folder.Root, "pictures.txt");
        var verdicts = new PictureVerdicts(memory);
        verdicts.Of("11", () => PictureDecoder.Decode(sound)).Should().BeNull();
        verdicts.Of("22", () => PictureDecoder.Decode(broken)).Should().StartWith("is damaged");
        verdicts.Save();
        File.Delete(sound);

        var again = new PictureVerdicts(memory);
        again.Of("11", () => PictureDecoder.Decode(sound)).Should().BeNull();
        again.Of("22", () => PictureDecoder.Decode(sound)).Should().StartWith("is damaged");
        again
            .Of("33", () => PictureDecoder.Decode(sound))
            .Should()
            .StartWith("cannot be read", "another digest is another picture");
    }

    [Theory]
    [InlineData("")]
    [InlineData("pictures 1 00\n11 \n")]
    [InlineData("null")]
    [InlineData("\n\n\n")]
    public void A_damaged_memory_is_none(string text)
    {
        string memory = folder.Write("pictures.txt", text),
            broken = folder.Write("b.png", Pictures.Png[..60]);

        new PictureVerdicts(memory).Of("11", () => PictureDecoder.Decode(broken)).Should().StartWith("is damaged");
    }

    [Fact]
    public void A_changed_line_of_the_memory_is_noticed()
    {
        string broken = folder.Write("b.png", Pictures.Png[..60]),
            memory = Path.Combine(folder.Root, "pictures.txt");
        var verdicts = new PictureVerdicts(memory);
        verdicts.Of("22", () => PictureDecoder.Decode(broken));
        verdicts.Save();
        string[] lines = File.ReadAllLines(memory);
        File.WriteAllLines(memory, [lines[0], "22 "]);

        new PictureVerdicts(memory).Of("22", () => PictureDecoder.Decode(broken)).Should().StartWith("is damaged");
    }
}
