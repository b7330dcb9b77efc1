using Pipelines.Models.Families;
using Pipelines.Stages.Tests.Tensors;
using TorchSharp;

namespace Pipelines.Stages.Tests.Models;

/// <summary>A checkpoint of random float32 values for a part of a model.</summary>
internal static class RandomTensors
{
    public static void Write(TemporaryFolder folder, IEnumerable<ExpectedTensor> tensors)
    {
        var random = new Random(25);
        folder.Write(
            "model.safetensors",
            [
                .. tensors.Select(t => new Pipelines.Models.Tensors.TensorToWrite(
                    t.Name,
                    torch.ScalarType.Float32,
                    t.Shape,
                    stream =>
                    {
                        long count = t.Shape.Aggregate(1L, (n, s) => n * s);
                        double spread = t.Shape.Length == 1 ? 0.5 : 2.5 / Math.Sqrt((double)count / t.Shape[0]);
                        double mean =
                            t.Name.EndsWith(".weight", StringComparison.Ordinal) && t.Shape.Length == 1 ? 1 : 0;
                        for (long i = 0; i < count; i++)
                        {
                            float value = (float)(mean + (spread * ((2 * random.NextDouble()) - 1)));
                            stream.Write(BitConverter.GetBytes(value));
                        }
                    }
                )),
            ]
        );
    }
}
