using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Pipelines.Stages.Errors;
using Pipelines.Stages.Tensors;
using TorchSharp;

namespace Pipelines.Stages.Ablation;

/// <summary>
/// A baseline as one safetensors file: <c>mean_keys</c> and <c>mean_values</c> [L, H_kv, P, d] float32, and the metadata <c>kind</c> (mean | zero | knockout) and <c>rope</c> (after | before).
/// Zero and knockout have no tensors. The same baseline gives the same bytes.
/// </summary>
internal static class BaselineFile
{
    /// <summary>Writes a baseline.</summary>
    public static void Write(Baseline baseline, Stream stream)
    {
        switch (baseline)
        {
            case Baseline.Zero:
                WriteHeader("""{"__metadata__":{"kind":"zero"}}""", stream);
                break;
            case Baseline.Knockout:
                WriteHeader("""{"__metadata__":{"kind":"knockout"}}""", stream);
                break;
            case Baseline.Mean mean:
                long bytes = mean.Keys.NumberOfElements * sizeof(float);
                string shape = string.Join(",", mean.Keys.shape);
                string rope = mean.Average == KeyAverage.AfterRotary ? "after" : "before";
                WriteHeader(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $$$"""{"__metadata__":{"kind":"mean","rope":"{{{rope}}}"},"mean_keys":{"dtype":"F32","shape":[{{{shape}}}],"data_offsets":[0,{{{bytes}}}]},"mean_values":{"dtype":"F32","shape":[{{{shape}}}],"data_offsets":[{{{bytes}}},{{{2 * bytes}}}]}}"""),
                    stream);
                WriteFloats(mean.Keys, stream);
                WriteFloats(mean.Values, stream);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(baseline));
        }
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
                    file.Metadata.GetValueOrDefault("rope") == "before" ? KeyAverage.BeforeRotary : KeyAverage.AfterRotary);
            default:
                throw new InputException(path, "the file holds no baseline.", "Let the stage that collects it run again.");
        }
    }

    private static torch.Tensor Tensor(SafeTensorsFile file, string name) =>
        file.Tensors.TryGetValue(name, out StoredTensor? stored) && stored.Type == torch.ScalarType.Float32 && stored.Shape.Length == 4
            ? torch.tensor(file.ReadFloat(name), stored.Shape).DetachFromDisposeScope()
            : throw new InputException(file.Path, $"the baseline lacks '{name}'.", "Let the stage that collects it run again.");

    private static void WriteHeader(string json, Stream stream)
    {
        byte[] header = Encoding.UTF8.GetBytes(json.PadRight((json.Length + 7) / 8 * 8)); // data starts at a multiple of eight
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
    }

    private static void WriteFloats(torch.Tensor tensor, Stream stream)
    {
        for (long layer = 0; layer < tensor.shape[0]; layer++)
        {
            using torch.Tensor part = tensor[layer];
            stream.Write(MemoryMarshal.AsBytes<float>(part.cpu().contiguous().data<float>().ToArray()));
        }
    }
}
