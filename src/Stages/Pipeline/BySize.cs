using Pipelines.Domain.Errors;
using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Defaults that depend on the number of heads of the model, by what experiments/quickstart-sizes.yaml shows on models
/// of 64, 144 and 400 heads (docs/METHOD.md, Gradients).
/// </summary>
internal static class BySize
{
    /// <summary>Models with more heads than this are large.</summary>
    public const int ManyHeads = 256;

    /// <summary>What fits beta.</summary>
    /// <param name="trainer">As the spec has it.</param>
    /// <param name="heads">N.</param>
    /// <param name="hasGradients">Gradients are there to be read.</param>
    public static TrainerSpec Trainer(TrainerSpec trainer, int heads, bool hasGradients) =>
        trainer is not AutoTrainerSpec auto ? trainer
        : heads > ManyHeads && hasGradients ? auto.Gradient()
        : auto.ElasticNet();

    /// <summary>Why this trainer.</summary>
    public static string WhyTrainer(int heads, bool hasGradients) =>
        heads <= ManyHeads ? $"trainer: auto, the default for {Size(heads)}"
        : hasGradients ? $"trainer: auto, the default for {Size(heads)} with gradients at hand"
        : "trainer: auto finds no one stage gradient-passes above it; with one, the default for "
            + $"{Size(heads)} is gradient";

    private static string Size(int heads) =>
        Invariant.Text($"N = {heads} heads, {(heads > ManyHeads ? "more than" : "at most")} {ManyHeads}");
}
