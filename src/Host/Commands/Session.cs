using Pipelines.Host.Planning;
using Pipelines.Spec.Reading;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tensors;

namespace Pipelines.Host.Commands;

/// <summary>All errors of a spec at once, one line each.</summary>
internal sealed class SpecException(IReadOnlyList<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    /// <summary>The lines to show.</summary>
    public IReadOnlyList<string> Lines { get; } = lines;
}

/// <summary>What a command works on: the experiments of a spec, compiled into pipelines, and the store.</summary>
internal sealed class Session : IDisposable
{
    /// <summary>Models whose weights take less than this are run by one single-threaded worker a core; larger ones by one worker with all threads.</summary>
    private const long SmallModelBytes = 256L << 20;

    private readonly Engine engine;
    private readonly FileDigests digests;
    private readonly bool toRead;

    private Session(RunOptions options, ReadResult read, bool toRead)
    {
        Options = options;
        Name = read.Name;
        Root = Path.GetFullPath(options.Artifacts);
        string cache = Path.Combine(Root, "cache");
        digests = new FileDigests(Path.Combine(cache, "digests.json"));
        this.toRead = toRead;
        bool isNew = !Directory.Exists(Root);
        Store = toRead ? ArtifactStore.ToRead(cache, digests) : new ArtifactStore(cache, digests);
        if (!toRead && isNew) Console.WriteLine($"artifacts: {Root}");
        Threads = options.Threads ?? Environment.ProcessorCount;
        engine = new Engine(digests);
        Pipelines = [.. read.Experiments.Zip(read.Files, (e, file) => Pipeline.Compile(e, engine, RunCommand.CommandOf(options, file)))];
        Jobs = options.Jobs ?? (Pipelines.All(p => WorksOnOneThread(p.Context)) ? Threads : 1);
        engine.ResidentSamples = Jobs;
        Catalog = new Catalog(Store, string.Join(", ", Pipelines.Select(p => p.Context.Arithmetic.ToString()).Distinct()));
    }

    /// <summary>The command line.</summary>
    public RunOptions Options { get; }

    /// <summary>Name of the spec, without the axes of its matrix.</summary>
    public string Name { get; }

    /// <summary>Folder for cache and runs.</summary>
    public string Root { get; }

    /// <summary>The store.</summary>
    public ArtifactStore Store { get; }

    /// <summary>Units and the store.</summary>
    public Catalog Catalog { get; }

    /// <summary>One pipeline an experiment of the spec (more than one with a matrix, or where it lists other specs).</summary>
    public IReadOnlyList<Pipeline> Pipelines { get; }

    /// <summary>Units computed at the same time.</summary>
    public int Jobs { get; }

    /// <summary>Arithmetic threads altogether.</summary>
    public int Threads { get; }

    /// <summary>Reads the spec and compiles it.</summary>
    /// <param name="options">The command line.</param>
    /// <param name="toRead">The artifacts are only looked at: nothing is written, not even what was learnt of
    /// files.</param>
    /// <exception cref="SpecException">The spec has errors.</exception>
    public static Session Open(RunOptions options, bool toRead = false)
    {
        ReadResult read = ExperimentReader.Read(options.Spec, options.Overrides);
        if (read.Errors.Count > 0) throw new SpecException([.. read.Errors.Select(e => e.Excerpt.Length > 0 ? $"{e}{Environment.NewLine}{e.Excerpt}" : e.ToString())]);
        return new Session(options, read, toRead);
    }

    /// <summary>Folder with one folder a run.</summary>
    public string Runs => Path.Combine(Root, "runs");

    /// <summary>Folder of a run.</summary>
    public string RunFolderOf(Pipeline pipeline) => Path.Combine(Runs, pipeline.Experiment.Name);

    /// <summary>Gives memory back between two experiments: what the stages of <paramref name="done"/> keep, and the model unless <paramref name="next"/> runs on it, too.</summary>
    public void Release(Pipeline done, Pipeline next)
    {
        foreach (Stage stage in done.Stages) stage.Release();
        engine.Release(keepModels: done.Context.HasModelOf(next.Context));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!toRead) digests.Save();
        engine.Dispose();
        Store.Dispose();
    }

    /// <summary>A small model gains nothing from threads inside a pass, and libtorch's products get one: then workers side by side use the cores.</summary>
    private static bool WorksOnOneThread(StageContext context) =>
        context.Arithmetic.Device.type == TorchSharp.DeviceType.CPU
        && (context.Arithmetic.Linear == LinearChoice.Torch || Directory.EnumerateFiles(context.Info.Folder, "*.safetensors").Sum(f => new FileInfo(f).Length) < SmallModelBytes);
}
