using Pipelines.Fuzz.Mutators;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Fuzz.Targets;

/// <summary>A safetensors file: header, and every tensor as numbers.</summary>
internal sealed class SafeTensorsTarget()
    : FileTarget("safetensors", "safetensors", "model.safetensors", new SafeTensorsMutator())
{
    public override bool IsNative => true;

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            SafeTensorsBytes.Of(
                TensorToWrite.Of("a", [1f, 2f, 3f, 4f, 5f, 6f], 2, 3),
                TensorToWrite.Of("b.weight", [1.0, double.NaN], 2),
                TensorToWrite.Of("c", new byte[] { 1, 2, 3 }, 3, 1),
                TensorToWrite.Of("scalar", [1f])
            ),
            SafeTensorsBytes.Of(
                new TensorToWrite("half", torch.ScalarType.Float16, [0, 3], _ => { }),
                new TensorToWrite("bf", torch.ScalarType.BFloat16, [2], s => s.Write([0, 0, 0x80, 0x3F]))
            ),
        ];

    protected override long? ReadFile(string path)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        long held = 0;
        foreach (string name in file.Tensors.Keys)
        {
            held += sizeof(float) * (long)file.ReadFloat(name).Length;
            file.Release(name);
        }

        return held;
    }
}
