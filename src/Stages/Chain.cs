using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Masks, forward passes and a regression that a study makes beside those of the experiment. They are stages as any
/// other, so their units have the usual kinds and keys: what is stored is shared, whoever computed it.
/// </summary>
/// <param name="Masks">The masks.</param>
/// <param name="Forward">The passes over them.</param>
/// <param name="Attribution">Their fit.</param>
internal sealed record Chain(SampleMasks Masks, ForwardPasses Forward, Regress Attribution)
{
    /// <summary>The stages that a regression of the experiment is made from.</summary>
    public static Chain Of(Regress attribution) => new(attribution.Forward.Masks, attribution.Forward, attribution);

    /// <summary>
    /// Refuses masks whose number each sample settles for itself: a study compares fits to equally many.
    /// </summary>
    /// <param name="name">The study's stage.</param>
    /// <param name="forward">The passes of the experiment.</param>
    /// <exception cref="InputException">The number is not fixed.</exception>
    public static void RequireFixedCount(string name, ForwardPasses forward)
    {
        if (forward.Enough is not null)
        {
            throw new InputException(
                $"stages.{name}",
                $"compares fits to equally many masks, and stages.{forward.Masks.Name}.count is auto.",
                "Set a number."
            );
        }
    }

    /// <summary>
    /// A chain set as that of <paramref name="like"/> but for the question of <paramref name="context"/> and its
    /// answers, and for the masks.
    /// </summary>
    /// <param name="context">The experiment, perhaps with another question.</param>
    /// <param name="like">A regression of the experiment.</param>
    /// <param name="answers">The answers to the question.</param>
    /// <param name="masks">How masks are drawn.</param>
    /// <param name="suffix">Ends the names of the stages: empty where samples prepared for passes are those of the
    /// experiment's own stages.</param>
    public static Chain Like(
        StageContext context,
        Regress like,
        AnswerQuestions answers,
        SampleMasksSpec masks,
        string suffix = ""
    )
    {
        ForwardPasses passes = like.Forward;
        var drawn = new SampleMasks(context, masks, answers) { Name = passes.Masks.Name + suffix };
        var forward = new ForwardPasses(context, passes.Spec, answers, passes.Baseline, drawn)
        {
            Name = passes.Name + suffix,
        };
        GradientPasses? gradients = like.Gradients is { } own
            ? new GradientPasses(context, own.Spec, forward) { Name = own.Name + suffix }
            : null;
        return new Chain(
            drawn,
            forward,
            new Regress(context, like.Spec, forward, gradients) { Name = like.Name + suffix }
        );
    }

    /// <summary>Units of a sample's masks.</summary>
    public IEnumerable<Unit> MaskUnits(Sample sample) => Masks.ShardsOfMost(sample).Select(s => s.Unit);

    /// <summary>
    /// Units of a sample's passes without its two ends, gradients among them where the regression reads them.
    /// </summary>
    public IEnumerable<Unit> PassUnits(Sample sample) =>
        [.. Forward.ShardsOf(sample), .. Attribution.Gradients?.ShardsOf(sample) ?? []];
}
