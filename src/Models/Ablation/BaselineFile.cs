using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// A baseline as one safetensors file: <c>mean_keys</c> and <c>mean_values</c> [L, H_kv, P, d] float32, and the
/// metadata <c>kind</c> (mean | zero | knockout) and <c>rope</c> (after | before). Zero and knockout have no tensors.
/// The same baseline gives the same bytes.
/// </summary>
public static class BaselineFile
{
    /// <summary>Writes a baseline.</summary>
    public static void Write(Baseline baseline, Stream stream)
    {
        (TensorToWrite[] tensors, Dictionary<string, string> metadata) = baseline switch
        {
            Baseline.Zero => ([], new Dictionary<string, string> { ["kind"] = "zero" }),
            Baseline.Knockout => ([], new Dictionary<string, string> { ["kind"] = "knockout" }),
            Baseline.Mean mean => (
                (TensorToWrite[])
                    [TensorToWrite.Of("mean_keys", mean.Keys), TensorToWrite.Of("mean_values", mean.Values)],
                new Dictionary<string, string>
                {
                    ["kind"] = "mean",
                    ["rope"] = mean.Average == RopeOrder.After ? "after" : "before",
                }
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(baseline)),
        };
        SafeTensorsWriter.Write(stream, tensors, metadata);
    }

    /// <summary>Reads a baseline.</summary>
    /// <exception cref="InputException">Damaged, or not a baseline.</exception>
    public static Baseline Read(string path)
    {
        using var file = SafeTensorsFile.Open(path);
        switch (file.Metadata.GetValueOrDefault("kind"))
        {
            case "zero":
                return new Baseline.Zero();
            case "knockout":
                return new Baseline.Knockout();
            case "mean":
                return new Baseline.Mean(
                    Tensor(file, "mean_keys"),
                    Tensor(file, "mean_values"),
                    file.Metadata.GetValueOrDefault("rope") == "before" ? RopeOrder.Before : RopeOrder.After
                );
            default:
                throw new InputException(
                    path,
                    "the file holds no baseline.",
                    "Let the stage that collects it run again."
                );
        }
    }

    /// <summary>
    /// A copy in native memory: arrays of the runtime may hold three quarters of a cgroup's limit at most, and a large
    /// model's means are gigabytes.
    /// </summary>
    private static torch.Tensor Tensor(SafeTensorsFile file, string name) =>
        file.Tensors.TryGetValue(name, out StoredTensor? stored)
        && stored.Type == torch.ScalarType.Float32
        && stored.Shape.Length == 4
            ? Copied(file, name)
            : throw new InputException(
                file.Path,
                $"the baseline lacks '{name}'.",
                "Let the stage that collects it run again."
            );

    private static torch.Tensor Copied(SafeTensorsFile file, string name)
    {
        using torch.Tensor mapped = file.Mapped(name);
        return mapped.clone().DetachFromDisposeScope();
    }
}
