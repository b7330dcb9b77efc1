using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Stages.Tests.Tensors;

public sealed class GoldenCheckpointTests
{
    [GoldenFact]
    public void Golden_checkpoints_open_and_their_tensors_can_be_read()
    {
        TorchNative.Touch();
        foreach (string folder in Golden.Cases())
        {
            using SafeTensorsFile results = SafeTensorsFile.Open(Path.Combine(folder, "case.safetensors"));
            results.ReadFloat("logits").Should().NotBeEmpty().And.NotContain(float.NaN);
            if (Directory.Exists(Path.Combine(folder, "model")))
            {
                using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder, "model"));
                using Weights weights = Weights.Of(checkpoint, Arithmetic.Float32);
                StoredTensor[] all = [.. checkpoint.Tensors.Values.OrderBy(t => t.Name, StringComparer.Ordinal)];
                foreach (StoredTensor stored in all)
                {
                    // while a tensor is left the checkpoint is refused by the name of the first one
                    weights
                        .Invoking(w => w.RequireAllClaimed())
                        .Should()
                        .Throw<InputException>()
                        .WithMessage($"*'{stored.Name}'*");
                    using torch.Tensor sum = weights.Claim(stored.Name, stored.Shape).sum();
                    float.IsFinite(sum.item<float>()).Should().BeTrue(stored.Name);
                }

                weights.RequireAllClaimed();
            }
        }
    }
}
