using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Making;

/// <summary>
/// A model of published shapes with random weights, in the hub's layout. Planning costs nothing; <see cref="Write"/>
/// streams, and never holds more than a chunk of one tensor.
/// </summary>
public sealed class RandomModel
{
    private const string Unfinished = ".unfinished";

    /// <summary>Plans a model.</summary>
    /// <param name="model">Shapes: a published model's, or narrower ones of its kind.</param>
    /// <param name="seed">Seed of the weights.</param>
    public RandomModel(PublishedModel model, int seed)
    {
        Model = model;
        Seed = seed;
        Tensors = [.. model.Recipe.Tensors(model)];
        Files = ShardPlan.Of(Tensors, model.Recipe.Stored, model.Recipe.LargestFile);
    }

    /// <summary>Shapes, with the depth asked for.</summary>
    public PublishedModel Model { get; }

    /// <summary>Seed of the weights.</summary>
    public int Seed { get; }

    /// <summary>All tensors, in the order of the published state.</summary>
    public IReadOnlyList<PlannedTensor> Tensors { get; }

    /// <summary>The weight files.</summary>
    public ShardPlan Files { get; }

    /// <summary>Number of weights.</summary>
    public long Parameters => Tensors.Sum(t => t.Count);

    /// <summary>Plans a model.</summary>
    /// <param name="name">Name of a published model.</param>
    /// <param name="layers">Decoder layers; null = all.</param>
    /// <param name="visionLayers">Blocks of the vision tower; null = all.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <exception cref="InputException">Unknown name, impossible depth.</exception>
    public static RandomModel Plan(string name, int? layers = null, int? visionLayers = null, int seed = 0) =>
        new(PublishedModel.Named(name).WithDepth(layers, visionLayers), seed);

    /// <summary>
    /// Refuses a folder that cannot be written: one that holds something, a file, or a disk without room.
    /// </summary>
    /// <param name="folder">The model folder to be.</param>
    /// <returns>Free bytes on its disk.</returns>
    /// <exception cref="InputException">Says which.</exception>
    public long Check(string folder)
    {
        if (File.Exists(folder))
        {
            throw new InputException(folder, "there is a file of this name.", "Name a new folder with --out.");
        }

        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new InputException(
                folder,
                "the folder is not empty; nothing is overwritten.",
                "Name a new folder with --out, or remove this one."
            );
        }

        DirectoryInfo? existing = new(Path.GetFullPath(folder));
        while (existing is { Exists: false })
        {
            existing = existing.Parent;
        }

        long free = existing is null ? long.MaxValue : new DriveInfo(existing.FullName).AvailableFreeSpace;
        return Files.Bytes < free
            ? free
            : throw new InputException(
                folder,
                $"the weights take {Files.Bytes:N0} bytes, but the disk has only {free:N0} free.",
                "Ask for fewer --layers, or another disk."
            );
    }

    /// <summary>
    /// Writes the folder. It has its name only once it is whole; until then it is <c>folder.unfinished</c>, which is
    /// removed when writing fails or is cancelled.
    /// </summary>
    /// <param name="folder">The model folder; must not exist, or be empty.</param>
    /// <param name="progress">Told the name of each weight file before it is written.</param>
    /// <param name="cancel">Looked at before each tensor.</param>
    /// <exception cref="InputException">As <see cref="Check"/>, or the system refuses.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Write(string folder, Action<Shard>? progress = null, CancellationToken cancel = default)
    {
        Check(folder);
        string final = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)),
            unfinished = final + Unfinished;
        try
        {
            Remove(unfinished);
            Directory.CreateDirectory(unfinished);
            WriteSmallFiles(unfinished);
            WriteWeights(unfinished, progress, cancel);
            if (Directory.Exists(final))
            {
                Directory.Delete(final); // empty, or this fails
            }

            Directory.Move(unfinished, final);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Remove(unfinished);
            throw new InputException(folder, $"the model cannot be written ({e.Message.TrimEnd('.')}).", null, e);
        }
        catch
        {
            Remove(unfinished);
            throw;
        }
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void WriteSmallFiles(string folder)
    {
        foreach (string file in HubFiles.Of(Model))
        {
            File.WriteAllBytes(
                Path.Combine(folder, file),
                file == "config.json" ? HubFiles.Config(Model) : HubFiles.Read(Model, file)
            );
        }

        Model.Recipe.WriteTokenizer(HubFiles.ReadJson(Model, "tokenizer_config.json"), folder);
        string command =
            $"make-model {Model.Name} --layers {Model.Layers} --vision-layers {Model.VisionLayers} --seed {Seed}";
        File.WriteAllText(
            Path.Combine(folder, "README.md"),
            $"# {Model.Name} with random weights\n\nMade by `{command}`. "
                + "The shapes, files and special tokens are the published ones; the weights are random and the\n"
                + "vocabulary is made up, so answers mean nothing. "
                + "For timing and for trying experiments at real size.\n"
        );
    }

    private void WriteWeights(string folder, Action<Shard>? progress, CancellationToken cancel)
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["random_weights"] = $"make-model {Model.Name}, seed {Seed}",
        };
        foreach (Shard shard in Files.Shards)
        {
            progress?.Invoke(shard);
            SafeTensorsWriter.Write(
                Path.Combine(folder, shard.File),
                [.. shard.Tensors.Select(t => ToWrite(t, cancel))],
                metadata
            );
        }

        if (Files.Index() is { } index)
        {
            File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), index);
        }
    }

    private TensorToWrite ToWrite(PlannedTensor tensor, CancellationToken cancel) =>
        new(tensor.Name, Model.Recipe.Stored, tensor.Shape, stream =>
        {
            cancel.ThrowIfCancellationRequested();
            RandomValues.Write(tensor, Model.Recipe.Stored, Seed, stream);
        });
}
