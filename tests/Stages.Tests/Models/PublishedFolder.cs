using Pipelines.Models.Making;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// The small files of a published model, with a made-up tokenizer where one is asked for; no weights.
/// </summary>
internal sealed class PublishedFolder : IDisposable
{
    public PublishedFolder(string model, bool withTokenizer = false)
    {
        PublishedModel published = PublishedModel.Named(model);
        foreach (string file in HubFiles.Of(published))
        {
            System.IO.File.WriteAllBytes(File(file), HubFiles.Read(published, file));
        }

        if (withTokenizer)
        {
            published.Recipe.WriteTokenizer(HubFiles.ReadJson(published, "tokenizer_config.json"), Path);
        }
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("published-").FullName;

    public string Config => File("config.json");

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
