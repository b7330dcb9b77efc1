using System.Globalization;
using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Making;

/// <summary>A weight file to write.</summary>
/// <param name="File">Its name.</param>
/// <param name="Tensors">What it holds.</param>
/// <param name="Bytes">Bytes of its tensors.</param>
public sealed record Shard(string File, IReadOnlyList<PlannedTensor> Tensors, long Bytes);

/// <summary>
/// How a checkpoint is cut into files, as <c>save_pretrained</c> cuts: a file takes tensors in their order until the
/// next would make it too large; one file needs no index.
/// </summary>
public sealed class ShardPlan
{
    private ShardPlan(IReadOnlyList<Shard> shards) => Shards = shards;

    /// <summary>The files.</summary>
    public IReadOnlyList<Shard> Shards { get; }

    /// <summary>Bytes of all tensors: the index's total_size.</summary>
    public long Bytes => Shards.Sum(s => s.Bytes);

    /// <summary>Cuts tensors into files.</summary>
    /// <param name="tensors">All tensors in the order of the state.</param>
    /// <param name="stored">Their type.</param>
    /// <param name="largest">Most bytes in one file.</param>
    public static ShardPlan Of(IReadOnlyList<PlannedTensor> tensors, torch.ScalarType stored, long largest)
    {
        var parts = new List<(List<PlannedTensor> Tensors, long Bytes)>();
        foreach (PlannedTensor tensor in tensors)
        {
            long bytes = tensor.Count * SafeTensorsTypes.SizeOf(stored);
            if (parts.Count == 0 || parts[^1].Bytes + bytes > largest)
            {
                parts.Add(([], 0));
            }

            parts[^1].Tensors.Add(tensor);
            parts[^1] = parts[^1] with { Bytes = parts[^1].Bytes + bytes };
        }

        string Name(int i) =>
            parts.Count == 1
                ? "model.safetensors"
                : Invariant.Text($"model-{i + 1:00000}-of-{parts.Count:00000}.safetensors");
        return new ShardPlan([.. parts.Select((p, i) => new Shard(Name(i), p.Tensors, p.Bytes))]);
    }

    /// <summary>
    /// model.safetensors.index.json, byte for byte as <c>save_pretrained</c> lays it out; null where there is one file.
    /// </summary>
    public string? Index()
    {
        if (Shards.Count == 1)
        {
            return null;
        }

        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"{{\n  \"metadata\": {{\n    \"total_size\": {Bytes}\n  }},\n  \"weight_map\": {{\n"
        );
        IEnumerable<string> entries = Shards
            .SelectMany(s => s.Tensors.Select(t => (t.Name, s.File)))
            .OrderBy(e => e.Name, StringComparer.Ordinal)
            .Select(e => $"    \"{e.Name}\": \"{e.File}\"");
        text.AppendJoin(",\n", entries).Append("\n  }\n}\n");
        return text.ToString();
    }
}
