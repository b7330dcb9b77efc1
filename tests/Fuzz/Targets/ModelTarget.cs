using Pipelines.Fuzz.Mutators;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// A file of the bundled micro LLaVA's folder, as loading reads it: the whole model, a prompt and a picture.
/// </summary>
/// <param name="file">The damaged file.</param>
internal sealed class ModelTarget(string file)
    : FileTarget($"model-{Path.GetFileNameWithoutExtension(file)}", "json", file, new JsonMutator())
{
    private readonly Picture picture = new(40, 30, new byte[40 * 30 * 3]);

    public override int Fixed => 60;

    public override bool IsNative => true;

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [File.ReadAllBytes(Scratch.Quickstart("micro-llava", FileName))];

    protected override void Lay(string into)
    {
        foreach (string neighbour in Directory.EnumerateFiles(Scratch.Quickstart("micro-llava")))
        {
            if (Path.GetFileName(neighbour) != FileName)
            {
                File.CreateSymbolicLink(Path.Combine(into, Path.GetFileName(neighbour)), neighbour);
            }
        }
    }

    protected override long? ReadFile(string path)
    {
        using VisionLanguageModel model = VisionLanguageModel.Load(Folder, Arithmetic.Float32);
        model.Preprocess(picture);
        model.Prompt("What is the color?", model.TokensOf(picture.Width, picture.Height));
        return 0;
    }
}
