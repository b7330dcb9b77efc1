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
    private const string KeysName = "mean_keys";
    private const string ValuesName = "mean_values";

    /// <summary>Writes a baseline.</summary>
    public static void Write(Baseline baseline, Stream stream)
    {
        (TensorToWrite[] tensors, Dictionary<string, string> metadata) = baseline switch
        {
            Baseline.Zero => ([], new Dictionary<string, string> { ["kind"] = "zero" }),
            Baseline.Knockout => ([], new Dictionary<string, string> { ["kind"] = "knockout" }),
            Baseline.Mean mean => (
                (TensorToWrite[])
                    [TensorToWrite.Of(KeysName, mean.Keys), TensorToWrite.Of(ValuesName, mean.Values)],
                OfMean(mean.Average)
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(baseline)),
        };
        SafeTensorsWriter.Write(stream, tensors, metadata);
    }

    /// <summary>
    /// Writes the mean of what was added, layer by layer: the means of a large model are gigabytes, which need not be
    /// in memory beside their sums.
    /// </summary>
    public static void Write(MeanKvAccumulator sums, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(sums);
        TensorToWrite Layers(string name, Func<int, torch.Tensor> mean) =>
            new(
                name,
                torch.ScalarType.Float32,
                sums.Sizes,
                target =>
                {
                    for (int layer = 0; layer < sums.Sizes[0]; layer++)
                    {
                        using torch.Tensor of = mean(layer);
                        TensorToWrite.Of(name, of).Write(target);
                    }
                }
            );
        SafeTensorsWriter.Write(
            stream,
            [Layers(KeysName, sums.MeanKeys), Layers(ValuesName, sums.MeanValues)],
            OfMean(sums.Average)
        );
    }

    /// <summary>
    /// Reads a baseline. Means stay in the file, which is mapped until the baseline is disposed of: what passes use is
    /// laid out from them, and a second copy of gigabytes would serve nobody.
    /// </summary>
    /// <exception cref="InputException">Damaged, or not a baseline.</exception>
    public static Baseline Read(string path)
    {
        var file = SafeTensorsFile.Open(path);
        Baseline? read = null;
        try
        {
            read = Read(file);
        }
        finally
        {
            if (read is not Baseline.Mean)
            {
                file.Dispose();
            }
        }

        return read;
    }

    private static Baseline Read(SafeTensorsFile file)
    {
        switch (file.Metadata.GetValueOrDefault("kind"))
        {
            case "zero":
                return new Baseline.Zero();
            case "knockout":
                return new Baseline.Knockout();
            case "mean":
                return new Baseline.Mean(
                    Tensor(file, KeysName),
                    Tensor(file, ValuesName),
                    file.Metadata.GetValueOrDefault("rope") == "before" ? RopeOrder.Before : RopeOrder.After
                )
                {
                    File = file,
                };
            default:
                throw new InputException(
                    file.Path,
                    "the file holds no baseline.",
                    "Let the stage that collects it run again."
                );
        }
    }

    private static Dictionary<string, string> OfMean(RopeOrder average) =>
        new() { ["kind"] = "mean", ["rope"] = average == RopeOrder.After ? "after" : "before" };

    private static torch.Tensor Tensor(SafeTensorsFile file, string name) =>
        file.Tensors.TryGetValue(name, out StoredTensor? stored)
        && stored.Type == torch.ScalarType.Float32
        && stored.Shape.Length == 4
            ? file.Mapped(name).DetachFromDisposeScope()
            : throw new InputException(
                file.Path,
                $"the baseline lacks '{name}'.",
                "Let the stage that collects it run again."
            );
}
