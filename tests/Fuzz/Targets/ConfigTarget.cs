using Pipelines.Fuzz.Mutators;
using Pipelines.Models.Families;
using Pipelines.Models.Making;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// A small file of a published model's hub folder, as planning reads it: numbers of the model, and how many tokens
/// pictures become.
/// </summary>
/// <param name="model">Name on the hub.</param>
/// <param name="file">The damaged file: config.json, preprocessor_config.json, processor_config.json.</param>
internal sealed class ConfigTarget(string model, string file)
    : FileTarget($"{Path.GetFileNameWithoutExtension(file)}-{model}", "json", file, new JsonMutator())
{
    private static readonly (int Width, int Height)[] Pictures = [(1, 1), (640, 480), (30, 4000), (3000, 20)];

    public override int Fixed => 250;

    protected override IReadOnlyList<byte[]> MakeSeeds() => [HubFiles.Read(PublishedModel.Named(model), FileName)];

    protected override void Lay(string into)
    {
        PublishedModel published = PublishedModel.Named(model);
        foreach (string name in HubFiles.Of(published))
        {
            File.WriteAllBytes(Path.Combine(into, name), HubFiles.Read(published, name));
        }
    }

    protected override long? ReadFile(string path)
    {
        ModelInfo info = ModelInfo.Read(Folder);
        ImageTokenCounter counter = ImageTokenCounter.Read(info, new ImageChoice());
        foreach ((int width, int height) in Pictures)
        {
            counter.TokensOf(width, height);
        }

        return 0;
    }
}
