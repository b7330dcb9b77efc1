using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// How alike beta is under other prompts (paper, Table 1): for every prompt a chain of answers, masks, passes and fits,
/// and one table of the cosines. Only pictures whose answers are right under both prompts are compared, so passes are
/// run for these alone.
/// </summary>
[StageOf<PromptSimilaritySpec>]
public sealed class PromptSimilarity : Stage
{
    private readonly StageContext context;
    private readonly PromptSimilaritySpec spec;
    private readonly ForwardPasses forward;
    private readonly Regress attribution;
    private readonly IReadOnlyList<(string Prompt, StageContext Context)> prompts;

    /// <summary>Compares the beta of <paramref name="attribution"/> with that under other prompts.</summary>
    /// <exception cref="InputException">A prompt is the experiment's own, or stands twice under two names.</exception>
    public PromptSimilarity(StageContext context, string name, PromptSimilaritySpec spec, Regress attribution)
    {
        (this.context, this.spec, this.attribution) = (context, spec, attribution);
        forward = attribution.Forward;
        forward.RequireFixedCount(name);
        prompts = [.. spec.Prompts.Select(p => (p, context.With(p)))];
        for (int i = 0; i < prompts.Count; i++)
        {
            var (prompt, other) = prompts[i];
            if (context.HasOwnQuestions && !Prompts.TakesQuestion(prompt))
            {
                throw new InputException(
                    $"stages.{name}.prompts",
                    $"'{prompt}' has no place for the pictures' own questions.",
                    $"A prompt of these data is the text around {Prompts.Question}, for example "
                        + $"'Look at the image. {Prompts.Question}'."
                );
            }

            if (other.Question == context.Question)
            {
                throw new InputException(
                    $"stages.{name}.prompts",
                    $"'{prompt}' is the experiment's own prompt.",
                    "Leave it out: beta is compared with itself otherwise."
                );
            }

            if (prompts.Take(i).Select(p => p.Context.Question).Contains(other.Question))
            {
                throw new InputException(
                    $"stages.{name}.prompts",
                    $"'{prompt}' asks the same as one before it.",
                    "Leave one of them out."
                );
            }
        }
    }

    /// <inheritdoc/>
    public override string WorkUnit => "masks";

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) => Known(artifacts).Units;

    /// <summary>Cosines, by prompt and sample.</summary>
    public IReadOnlyList<PromptSimilarityRow> Rows(Artifacts artifacts) =>
        artifacts.Rows<PromptSimilarityRow>(Known(artifacts).Table!);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [new PublishedTable<PromptSimilarityRow>(() => Rows(artifacts))];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var rows = Rows(artifacts).ToLookup(r => r.Prompt, StringComparer.Ordinal);
        return
        [
            .. prompts.Select(p => new SummaryRow(
                $"{Name}: {p.Prompt}",
                $"cosine of beta {Regress.Spread(rows[p.Prompt].Select(r => r.Cosine))}"
            )),
            .. NotConverged(artifacts),
        ];
    }

    /// <summary>Whether the fits under other prompts met their stopping rule.</summary>
    public override Convergence Convergence(Artifacts artifacts) =>
        Reporting.Convergence.Of(
            Name,
            Known(artifacts)
                .Pairs.Select(p => p.Plan.Attribution.Fit(artifacts, p.Other))
                .Select(f => (f.Iterations, f.Converged))
        );

    /// <summary>
    /// The experiment under the other prompts, once its own answers are there: the pictures that it asked about are
    /// asked about, for only they can be right under both prompts.
    /// </summary>
    private IReadOnlyList<PromptPlan>? Plans(Artifacts artifacts) =>
        forward.Answers.Asked(artifacts) is { } asked
            ? artifacts.Once(this, nameof(Plans), asked.Count, () => PlansOver(asked.Count))
            : null;

    private IReadOnlyList<PromptPlan> PlansOver(int pictures)
    {
        AnswerQuestionsSpec own = forward.Answers.Spec;
        AnswerQuestionsSpec asks = own with
        {
            Keep = pictures,
            Limit = pictures,
            PerObject = new(),
        };
        return
        [
            .. prompts.Select(p => new PromptPlan(
                p.Prompt,
                new SubPlan(p.Context, attribution.Name, settings =>
                    settings is AnswerQuestionsSpec ? asks : settings
                ).Stage<Regress>(attribution.Name)
            )),
        ];
    }

    /// <summary>The units that are known, kind by kind, and the table's among them once it is.</summary>
    private (UnitList Units, Unit? Table, List<Pair> Pairs) Known(Artifacts artifacts)
    {
        long masks = forward.Masks.Most;
        if (Plans(artifacts) is not { } all || forward.Accepted(artifacts) is not { } accepted)
        {
            return (
                new UnitList(
                    [],
                    $"{forward.Name} is done",
                    prompts.Count * Math.Min(spec.Samples, forward.ExpectedSamples) * masks
                ),
                null,
                []
            );
        }

        var own = accepted.ToDictionary(s => s.Id, StringComparer.Ordinal);
        List<Unit> answers = [],
            drawn = [],
            ends = [],
            passes = [],
            fits = [];
        var pairs = new List<Pair>();
        string? waitsFor = null;
        long more = 0;
        foreach (PromptPlan plan in all)
        {
            UnitList asked = plan.Forward.Answers.Units(artifacts);
            answers.AddRange(asked.Known);
            if (plan.Forward.Answers.SamplesIfAny(artifacts) is not { } samples)
            {
                waitsFor ??= "the answers to the other prompts are there";
                more += Math.Min(spec.Samples, accepted.Count) * masks;
                continue;
            }

            foreach (Sample sample in samples.Where(s => own.ContainsKey(s.Id)).Take(spec.Samples))
            {
                ends.Add(plan.Forward.EndsUnit(artifacts, sample));
                drawn.AddRange(plan.Forward.MasksOf(artifacts, sample));
                if (!artifacts.Has(ends[^1]))
                {
                    waitsFor ??= "f(1) and f(0) of every sample are known";
                    more += masks;
                }
                else if (plan.Forward.Accepts(artifacts, sample))
                {
                    passes.AddRange(plan.Attribution.PassUnits(artifacts, sample));
                    fits.Add(plan.Attribution.UnitOf(artifacts, sample));
                    pairs.Add(new Pair(plan, own[sample.Id], sample));
                }
            }
        }

        Unit? table = waitsFor is null ? TableUnit(artifacts, pairs) : null;
        return (
            new UnitList(
                [.. answers, .. drawn, .. ends, .. passes, .. fits, .. table is null ? Array.Empty<Unit>() : [table]],
                waitsFor,
                more
            ),
            table,
            pairs
        );
    }

    private Unit TableUnit(Artifacts artifacts, List<Pair> pairs) =>
        Unit.Of(
            "similarity by prompt",
            new SimilarityByPrompt(
                [.. prompts.Select(p => p.Prompt)],
                [.. prompts.Select(p => p.Context.Question)],
                [.. prompts.Select(p => pairs.Count(pair => pair.Plan.Prompt == p.Prompt))],
                [.. pairs.Select(pair => pair.Plan.Attribution.UnitOf(artifacts, pair.Other))],
                [.. pairs.Select(pair => attribution.UnitOf(artifacts, pair.Own))]
            )
        );

    /// <summary>The experiment under another prompt, up to its fits.</summary>
    private sealed record PromptPlan(string Prompt, Regress Attribution)
    {
        public ForwardPasses Forward => Attribution.Forward;
    }

    /// <summary>A picture that is kept under both prompts.</summary>
    private sealed record Pair(PromptPlan Plan, Sample Own, Sample Other);
}

/// <summary>How alike beta is under other prompts.</summary>
/// <param name="Prompts">As the spec has them.</param>
/// <param name="Questions">Their texts.</param>
/// <param name="Pictures">Pictures compared, by prompt.</param>
/// <param name="Fits">Fits under the prompts, prompt by prompt.</param>
/// <param name="OwnFits">Fits of the same pictures under the experiment's own prompt.</param>
[UnitKind("prompt-similarity", 1, "tables")]
internal sealed record SimilarityByPrompt(
    IReadOnlyList<string> Prompts,
    IReadOnlyList<string> Questions,
    IReadOnlyList<int> Pictures,
    IReadOnlyList<Unit> Fits,
    IReadOnlyList<Unit> OwnFits
) : IUnit<SimilarityByPrompt>
{
    /// <inheritdoc/>
    public static void Compute(SimilarityByPrompt unit, UnitRun run)
    {
        int[] prompts = [.. unit.Pictures.SelectMany((count, prompt) => Enumerable.Repeat(prompt, count))];
        run.Write<PromptSimilarityRow>([.. prompts.Select((prompt, i) => unit.Row(run, prompt, i))]);
    }

    private PromptSimilarityRow Row(UnitRun run, int prompt, int i)
    {
        double cosine = Metrics.Cosine(run.Artifacts.Beta(OwnFits[i]), run.Artifacts.Beta(Fits[i]));
        string sample = run.Rows<AttributionRow>(OwnFits[i])[0].SampleId;
        return new PromptSimilarityRow(Prompts[prompt], Questions[prompt], sample, Undefined.ToNull(cosine));
    }
}

/// <summary>How alike beta of a picture is under another prompt.</summary>
/// <param name="Prompt">As the spec has it.</param>
/// <param name="Question">Its text.</param>
/// <param name="SampleId">The picture.</param>
/// <param name="Cosine">Of beta with that under the experiment's prompt; null where one of them is zero.</param>
[Table("prompt_similarity")]
public sealed record PromptSimilarityRow(
    [RowKey] string Prompt,
    string Question,
    [RowKey] string SampleId,
    double? Cosine
);
