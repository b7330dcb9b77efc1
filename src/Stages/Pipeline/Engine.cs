using System.Collections.Concurrent;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Text;
using Pipelines.Models.Vision;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>What a process keeps between units: loaded models, and the pictures at work with their samples.</summary>
/// <param name="digests">Digests of weight and picture files.</param>
/// <param name="verdicts">Which pictures decode.</param>
public sealed class Engine(FileDigests digests, PictureVerdicts verdicts) : IDisposable
{
    private readonly ConcurrentDictionary<
        (string Folder, string Arithmetic, ImageChoice Image, string Template),
        Lazy<VisionLanguageModel>
    > models = new();

    private readonly ConcurrentDictionary<string, Lazy<HubTokenizer>> tokenizers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<ResidentBaseline>> baselines = new(StringComparer.Ordinal);
    private readonly PicturesAtWork pictures = new();

    /// <summary>
    /// Pictures whose keys and values are kept at most, with what is prepared of them: one a worker suffices. One that
    /// is at work is kept in any case.
    /// </summary>
    public int ResidentPictures
    {
        get => pictures.Kept;
        set => pictures.Kept = value;
    }

    /// <summary>What went through tower and prefix so far, and what is kept of it.</summary>
    internal PicturesAtWork Pictures => pictures;

    /// <summary>Digests of weight and picture files.</summary>
    public FileDigests Digests => digests;

    /// <summary>Finished runs, whose heads an experiment may take.</summary>
    public required RunFolders Runs { get; init; }

    /// <summary>Copies of models on this machine's own disk, which are loaded in their place; null = none.</summary>
    public StagedModels? Staged { get; init; }

    /// <summary>The device in place of the specs'; null = theirs.</summary>
    public string? Device { get; init; }

    /// <summary>Which pictures decode.</summary>
    public PictureVerdicts Verdicts => verdicts;

    /// <summary>The tokenizer of a folder, read at the first call.</summary>
    public HubTokenizer Tokenizer(string folder) => tokenizers.GetOrMake(folder, () => new HubTokenizer(folder));

    /// <summary>The model of a folder, loaded at the first call.</summary>
    public VisionLanguageModel Model(string folder, Arithmetic arithmetic, ImageChoice image, ChatTemplate template) =>
        models.GetOrMake((folder, arithmetic.ToString(), image, template.Digest), () =>
            VisionLanguageModel.Load(ReadFrom(folder), arithmetic, image, template, Tokenizer(folder))
        );

    /// <summary>Makes the copy of a model, where there shall be one, before its files are digested.</summary>
    /// <param name="folder">The model's folder.</param>
    internal void Stage(string folder)
    {
        if (Staged is not null && !FilesOf(folder).All(digests.Knows))
        {
            ReadFrom(folder);
        }
    }

    private string ReadFrom(string folder) => Staged?.FolderOf(folder, FilesOf(folder)) ?? folder;

    private static IReadOnlyList<string> FilesOf(string folder) =>
        [.. ModelFiles.Read(folder).SelectMany(part => part.Files).Distinct(StringComparer.Ordinal)];

    /// <summary>The baseline of a key, read when it is laid out.</summary>
    internal ResidentBaseline Baseline(string key, Func<Baseline> read) =>
        baselines.GetOrMake(key, () => new ResidentBaseline(read));

    /// <summary>
    /// The sample called <paramref name="name"/>, prepared at the first call; the lease keeps it alive, and its picture
    /// beyond that. A name belongs to one kind of preparation.
    /// </summary>
    internal Lease<TRun> Sample<TRun>(string name, Func<TRun> prepare)
        where TRun : class, IOverPictures => pictures.Sample(name, prepare);

    /// <summary>
    /// Keys and values of a picture and the text before it, computed at the first call: all questions about the picture
    /// share them.
    /// </summary>
    /// <param name="name">Tells picture, model and settings.</param>
    /// <param name="compute">Computes them.</param>
    internal Lease<PrefixCache> Picture(string name, Func<PrefixCache> compute) => pictures.Picture(name, compute);

    /// <summary>
    /// Drops the samples at work, the baselines and, unless <paramref name="keepModels"/>, the models. No unit may be
    /// at work.
    /// </summary>
    public void Release(bool keepModels)
    {
        pictures.Clear();
        foreach (var baseline in baselines.Values.Where(b => b.IsValueCreated))
        {
            baseline.Value.Dispose();
        }

        baselines.Clear();
        if (keepModels)
        {
            return;
        }

        foreach (var model in models.Values.Where(m => m.IsValueCreated))
        {
            model.Value.Dispose();
        }

        models.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => Release(keepModels: false);
}
