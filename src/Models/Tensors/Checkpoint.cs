using Pipelines.Domain.Errors;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// The weights of a model folder in the hub's layout: model.safetensors, or model.safetensors.index.json and its
/// shards, mapped into memory.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private const string SingleFile = "model.safetensors";
    private const long ComparedAtOnce = 1 << 20;

    private readonly Dictionary<string, SafeTensorsFile> files;

    /// <summary>Tensors of the shards that the index does not name, by name: nobody reads them.</summary>
    private readonly Dictionary<string, StoredTensor> unlisted;

    private Checkpoint(
        string folder,
        Dictionary<string, SafeTensorsFile> files,
        Dictionary<string, StoredTensor> tensors,
        Dictionary<string, StoredTensor> unlisted
    )
    {
        Folder = folder;
        this.files = files;
        Tensors = tensors;
        this.unlisted = unlisted;
    }

    /// <summary>The model folder.</summary>
    public string Folder { get; }

    /// <summary>All tensors by name; of shards those that the index names.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Files one of which says which weights are read: the first that is there.</summary>
    public static IReadOnlyList<string> RootFiles { get; } = [SingleFile, ShardIndex.FileName];

    /// <summary>The files that <see cref="Open"/> reads tensors from.</summary>
    /// <param name="folder">The model folder.</param>
    /// <returns>The index, or null where all weights are in one file; and the files with weights, in ordinal
    /// order.</returns>
    /// <exception cref="InputException">No weights, or an index that is damaged.</exception>
    public static (string? Index, IReadOnlyList<string> Weights) FilesOf(string folder)
    {
        string single = Path.Combine(folder, SingleFile),
            index = Path.Combine(folder, ShardIndex.FileName);
        if (File.Exists(single))
        {
            return (null, [single]);
        }

        if (!File.Exists(index))
        {
            throw RefusedWeights.None(folder, RootFiles);
        }

        return (index, [.. ShardIndex.Read(index).Shards.Select(shard => Path.Combine(folder, shard))]);
    }

    /// <summary>Maps the files of a model folder and checks that all that the index names is there.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="hubName">The hub's name of a stored name, by which a tensor is then known; null = as
    /// stored.</param>
    /// <exception cref="InputException">No weights, weights in another format, a missing or damaged file, a quantised
    /// model, an adapter.</exception>
    public static Checkpoint Open(string folder, Func<string, string>? hubName = null)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException(
                folder,
                "there is no such model folder.",
                "Download the model's files from the hub into it."
            );
        }

        RefusedWeights.QuantisedBy(Path.Combine(folder, "config.json"));
        RefusedWeights.LooseFiles(folder);
        var files = new Dictionary<string, SafeTensorsFile>(StringComparer.Ordinal);
        try
        {
            string single = Path.Combine(folder, SingleFile);
            if (File.Exists(single))
            {
                files[single] = SafeTensorsFile.Open(single);
                RefusedWeights.Quantised(files.Values);
                return new Checkpoint(folder, files, Named(files[single].Tensors.Values, hubName), []);
            }

            string index = Path.Combine(folder, ShardIndex.FileName);
            if (!File.Exists(index))
            {
                throw RefusedWeights.None(folder, RootFiles);
            }

            (List<StoredTensor> listed, List<StoredTensor> others) = OpenShards(folder, index, files);
            return new Checkpoint(folder, files, Named(listed, hubName), Named(others, hubName));
        }
        catch
        {
            foreach (SafeTensorsFile file in files.Values)
            {
                file.Dispose();
            }

            throw;
        }
    }

    /// <summary>
    /// A tensor on the mapped memory: stored type, nothing copied, read-only; good until this checkpoint is disposed.
    /// </summary>
    /// <param name="name">Its full name.</param>
    /// <exception cref="InputException">The checkpoint has no such tensor.</exception>
    public torch.Tensor Mapped(string name) =>
        Tensors.TryGetValue(name, out StoredTensor? stored)
            ? files[stored.File].Mapped(stored.Name)
            : throw new InputException(Folder, $"the checkpoint has no tensor '{name}'.");

    /// <summary>Has a tensor, and what its file holds behind it, read from the disk.</summary>
    /// <param name="name">Its full name.</param>
    public void ReadAhead(string name) => files[Tensors[name].File].ReadAhead(Tensors[name].Name);

    /// <summary>Lets the system take back a tensor's mapped pages after its values were copied.</summary>
    /// <param name="name">Its full name.</param>
    public void Release(string name) => files[Tensors[name].File].Release(Tensors[name].Name);

    /// <summary>
    /// A tensor's place, where it is stored as floating point and has the shape that config.json asks for.
    /// </summary>
    /// <param name="name">Its full name.</param>
    /// <param name="shape">Sizes it must have; -1 = any.</param>
    /// <exception cref="InputException">Missing, of another shape, or of another type.</exception>
    public StoredTensor Require(string name, long[] shape)
    {
        const string oneModel = "Config and weights must be of one model";
        if (!Tensors.TryGetValue(name, out StoredTensor? stored))
        {
            throw new InputException(
                Folder,
                $"the checkpoint lacks the tensor '{name}' [{string.Join(", ", shape)}].",
                $"{oneModel}; download the missing files."
            );
        }

        if (
            stored.Shape.Length != shape.Length
            || !stored.Shape.Zip(shape).All(s => s.Second < 0 || s.First == s.Second)
        )
        {
            throw new InputException(
                stored.File,
                $"tensor '{stored.Name}' has shape [{string.Join(", ", stored.Shape)}], but config.json asks for "
                    + $"[{string.Join(", ", shape)}].",
                $"{oneModel}."
            );
        }

        return
            stored.Type
                is torch.ScalarType.Float32
                    or torch.ScalarType.Float16
                    or torch.ScalarType.BFloat16
                    or torch.ScalarType.Float64
            ? stored
            : throw new InputException(
                stored.File,
                $"tensor '{stored.Name}' is stored as {SafeTensorsTypes.NameOf(stored.Type)}, not as floating point.",
                "Use the model as published in float16 or bfloat16, not a quantised copy."
            );
    }

    /// <summary>
    /// Demands that every tensor is wanted, or is known to be of no use. Tables of rotary frequencies, which old files
    /// hold, follow from config.json. A tensor of a shard that the index does not name is never wanted: some readers go
    /// by the index, others take all that a shard holds.
    /// </summary>
    /// <param name="wanted">Full names.</param>
    /// <param name="unused">Full names or beginnings of names that a checkpoint may hold without need.</param>
    /// <exception cref="InputException">Something is left over: the checkpoint is not of this architecture.</exception>
    public void RequireNothingBut(IReadOnlySet<string> wanted, IReadOnlyList<string> unused)
    {
        bool IsUseless(string name) =>
            name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
            || unused.Any(p => name.StartsWith(p, StringComparison.Ordinal));
        StoredTensor[] left =
        [
            .. Tensors
                .Where(t => !wanted.Contains(t.Key) && !IsUseless(t.Key))
                .Concat(unlisted.Where(t => !IsUseless(t.Key)))
                .Select(t => t.Value)
                .OrderBy(t => t.Name, StringComparer.Ordinal),
        ];
        if (left.Length > 0)
        {
            bool Listed(StoredTensor tensor) => !unlisted.ContainsValue(tensor);
            string Told(StoredTensor tensor) =>
                $"'{tensor.Name}' in {Path.GetFileName(tensor.File)}"
                + (Listed(tensor) ? "" : $", which {ShardIndex.FileName} does not name");
            string names = string.Join(", ", left.Take(3).Select(Told));
            throw new InputException(
                Folder,
                $"{left.Length} tensors of the checkpoint have no place in this architecture: "
                    + $"{names}{(left.Length > 3 ? ", …" : "")}.",
                Array.TrueForAll(left, Listed)
                    ? "Config and weights must be of one model."
                    : "Index and weights must be of one revision, config and weights of one model."
            );
        }
    }

    /// <summary>
    /// Whether two tensors hold the same bytes in one type and shape. Stops at the first difference; reads both whole
    /// where there is none.
    /// </summary>
    /// <param name="first">Full name.</param>
    /// <param name="second">Full name.</param>
    public bool AreSame(string first, string second)
    {
        (StoredTensor a, StoredTensor b) = (Tensors[first], Tensors[second]);
        if (a.Type != b.Type || !a.Shape.SequenceEqual(b.Shape))
        {
            return false;
        }

        for (long at = 0; at < a.Bytes; at += ComparedAtOnce)
        {
            int count = (int)Math.Min(ComparedAtOnce, a.Bytes - at);
            if (!files[a.File].Bytes(a.Name, at, count).SequenceEqual(files[b.File].Bytes(b.Name, at, count)))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafeTensorsFile file in files.Values)
        {
            file.Dispose();
        }
    }

    /// <summary>Opens the shards: their tensors that the index names, and the others.</summary>
    private static (List<StoredTensor> Listed, List<StoredTensor> Others) OpenShards(
        string folder,
        string index,
        Dictionary<string, SafeTensorsFile> files
    )
    {
        ShardIndex read = ShardIndex.Read(index);
        IReadOnlyList<string> shards = read.Shards;
        string[] missing = [.. shards.Where(s => !File.Exists(Path.Combine(folder, s)))];
        if (missing.Length > 0)
        {
            throw new InputException(
                folder,
                $"{missing.Length} of {shards.Count} weight files are missing: "
                    + $"{string.Join(", ", missing.Take(5))}{(missing.Length > 5 ? ", …" : "")}.",
                "Download them into the folder."
            );
        }

        var tensors = new List<StoredTensor>();
        foreach (string shard in shards)
        {
            string path = Path.Combine(folder, shard);
            files[path] = SafeTensorsFile.Open(path);
        }

        RefusedWeights.Quantised(files.Values);
        RefusedWeights.HeldTwice(files.Values);
        foreach ((string name, string shard) in read.WeightMap)
        {
            tensors.Add(
                files[Path.Combine(folder, shard)].Tensors.TryGetValue(name, out StoredTensor? stored)
                    ? stored
                    : throw new InputException(
                        Path.Combine(folder, shard),
                        $"tensor '{name}', which {ShardIndex.FileName} says is here, is not.",
                        "Download index and weights of one revision."
                    )
            );
        }

        return (
            tensors,
            [.. files.Values.SelectMany(f => f.Tensors.Values).Where(t => !read.WeightMap.ContainsKey(t.Name))]
        );
    }

    private static Dictionary<string, StoredTensor> Named(
        IEnumerable<StoredTensor> stored,
        Func<string, string>? hubName
    )
    {
        var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (StoredTensor tensor in stored)
        {
            string name = hubName?.Invoke(tensor.Name) ?? tensor.Name;
            if (!tensors.TryAdd(name, tensor))
            {
                throw new InputException(
                    tensor.File,
                    $"holds '{tensor.Name}' beside '{tensors[name].Name}': both are the same tensor.",
                    "Keep the files of one checkpoint."
                );
            }
        }

        return tensors;
    }
}
