using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families.Gemma3;

/// <summary>From the tower's states to image tokens: squares of patches averaged, normed, projected.</summary>
internal sealed class Gemma3Projector
{
    private readonly int patches;
    private readonly int tokens;
    private readonly RmsNorm norm;
    private readonly ILinear projection; // vision hidden -> hidden, no bias

    /// <summary>Claims the projector's tensors.</summary>
    /// <param name="weights">At <see cref="Gemma3Tensors.Projector"/>.</param>
    /// <param name="config">config.json.</param>
    /// <param name="hidden">Features of the decoder.</param>
    public Gemma3Projector(Weights weights, ModelConfig config, int hidden)
    {
        var vision = Gemma3Config.Vision(config);
        (patches, tokens) = (vision.Grid, Gemma3Config.TokensOfSide(config));
        norm = new RmsNorm(
            weights.ClaimPlusOne($"{Gemma3Tensors.Norm}.weight", vision.Hidden),
            vision.NormEpsilon, // the tower's, by the class
            weights.Arithmetic.Linear
        )
        {
            IsWide = true,
        };
        projection = weights.LinearOf(
            weights.ClaimStored(Gemma3Tensors.Projection, vision.Hidden, hidden).t().contiguous(),
            null
        );
    }

    /// <summary>A picture's features as they enter the decoder.</summary>
    /// <param name="states">[patches, vision hidden], row by row.</param>
    /// <returns>[P, hidden], row by row.</returns>
    public torch.Tensor Forward(torch.Tensor states)
    {
        using var scope = torch.NewDisposeScope();
        int joined = patches / tokens;
        torch.Tensor means = states.view(tokens, joined, tokens, joined, -1).mean([1, 3]); // [rows, columns, hidden]
        return projection.Forward(norm.Forward(means.view(tokens * tokens, -1))).MoveToOuterDisposeScope();
    }
}
