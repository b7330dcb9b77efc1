using Pipelines.Fuzz.Mutators;
using Pipelines.Models.Vision;

namespace Pipelines.Fuzz.Targets;

/// <summary>A picture: its size as planning reads it, its pixels.</summary>
/// <param name="format">Format: folder of its seeds in Corpus.</param>
/// <param name="mutator">What damages it.</param>
internal sealed class PictureTarget(string format, Mutator mutator) : FileTarget(format, format, "picture", mutator)
{
    public override int Fixed => Format is "png" or "jpeg" ? 1200 : 300;

    /// <summary>The published data sets are PNG and JPEG; other formats may be refused by name.</summary>
    public override bool ReadsSeeds => Format is "png" or "jpeg";

    public override bool IsNative => true;

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Scratch.Repository, "tests", "Fuzz", "Corpus", Format))
                .Order(StringComparer.Ordinal)
                .Select(File.ReadAllBytes),
        ];

    protected override long? ReadFile(string path)
    {
        Picture picture = PictureDecoder.Decode(path);
        PictureDecoder.ReadSize(path);
        return picture.Rgb.Length;
    }
}
