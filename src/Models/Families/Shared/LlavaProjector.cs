using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>LLaVA's projector: linear_2(gelu(linear_1 x)), the exact gelu.</summary>
internal sealed class LlavaProjector
{
    private const string Name = "multi_modal_projector";
    private readonly ILinear linear1; // vision hidden -> hidden
    private readonly ILinear linear2; // hidden -> hidden

    /// <summary>Claims the layers.</summary>
    /// <param name="weights">The whole checkpoint.</param>
    /// <param name="vision">Features of the tower.</param>
    /// <param name="hidden">Features of the decoder.</param>
    /// <param name="bias">Whether the layers have biases.</param>
    public LlavaProjector(Weights weights, int vision, int hidden, bool bias)
    {
        Weights projector = weights.Sub(Name);
        linear1 = projector.Linear("linear_1", hidden, vision, bias);
        linear2 = projector.Linear("linear_2", hidden, hidden, bias);
    }

    /// <summary>The projector's tensors.</summary>
    public static IEnumerable<ExpectedTensor> Expected(long vision, long hidden, bool bias) =>
        [
            .. ExpectedTensor.Linear($"{Name}.linear_1", hidden, vision, bias),
            .. ExpectedTensor.Linear($"{Name}.linear_2", hidden, hidden, bias),
        ];

    /// <summary>Features as they enter the decoder.</summary>
    /// <param name="rows">[rows, vision hidden].</param>
    /// <returns>[rows, hidden].</returns>
    public torch.Tensor Forward(torch.Tensor rows)
    {
        using var scope = torch.NewDisposeScope();
        return linear2.Forward(Activations.Gelu(linear1.Forward(rows))).MoveToOuterDisposeScope();
    }
}
