using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// How alike beta is under other prompts (paper, Table 1): for every prompt a chain of answers, masks, passes and fits,
/// and one table of the cosines. Only pictures whose answers are right under both prompts are compared, so passes are
/// run for these alone.
/// </summary>
[StageOf<PromptSimilaritySpec>]
public sealed class PromptSimilarity : Stage
{
    private const int Version = 1;
    private const string FileName = "prompt-similarity.parquet";

    private readonly PromptSimilaritySpec spec;
    private readonly ForwardPasses forward;
    private readonly Regress attribution;
    private readonly IReadOnlyList<(string Prompt, StageContext Context)> prompts;
    private IReadOnlyList<PromptChain>? chains;

    /// <summary>Compares the beta of <paramref name="attribution"/> with that under other prompts.</summary>
    /// <exception cref="InputException">A prompt is the experiment's own, or stands twice under two names.</exception>
    public PromptSimilarity(StageContext context, string name, PromptSimilaritySpec spec, Regress attribution)
        : base(context)
    {
        (this.spec, this.attribution, forward) = (spec, attribution, attribution.Forward);
        Chain.RequireFixedCount(name, forward);
        prompts = [.. spec.Prompts.Select(p => (p, context.With(p)))];
        for (int i = 0; i < prompts.Count; i++)
        {
            var (prompt, other) = prompts[i];
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
    public override string Kind => "prompt-similarity";

    /// <inheritdoc/>
    public override string WorkUnit => "masks";

    /// <summary>The other prompts with their questions, in the order of the spec.</summary>
    public IReadOnlyList<(string Prompt, string Question)> Compared =>
        [.. prompts.Select(p => (p.Prompt, p.Context.Question))];

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) => Known(artifacts).Units;

    /// <summary>Cosines, by prompt and sample.</summary>
    public IReadOnlyList<PromptSimilarityRow> Rows(Artifacts artifacts) =>
        Tables.Of<PromptSimilarityRow>().Read(artifacts.File(Known(artifacts).Table!, FileName));

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder) => PublishTable(folder, Rows(artifacts));

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
            .. NotConverged(Convergence(artifacts)),
        ];
    }

    /// <summary>Whether the fits under other prompts met their stopping rule.</summary>
    public Convergence Convergence(Artifacts artifacts) =>
        Reporting.Convergence.Of(
            Name,
            Known(artifacts)
                .Pairs.Select(p => p.Chain.Chain.Attribution.Fit(artifacts, p.Other))
                .Select(f => (f.Iterations, f.Converged))
        );

    /// <summary>
    /// Made once the experiment's own answers are there: the pictures that it asked about are asked about, for only
    /// they can be right under both prompts.
    /// </summary>
    private IReadOnlyList<PromptChain>? Chains(Artifacts artifacts)
    {
        if (chains is not null || forward.Answers.Asked(artifacts) is not { } asked)
        {
            return chains;
        }

        AnswerQuestionsSpec own = forward.Answers.Spec;
        int blocks = (asked.Count + AnswerQuestions.BlockSize - 1) / AnswerQuestions.BlockSize,
            limit = blocks * AnswerQuestions.BlockSize;
        AnswerQuestionsSpec asks = own with
        {
            Keep = limit,
            Limit = own.Limit > 0 ? Math.Min(own.Limit, limit) : limit,
            PerObject = new(),
        };
        return chains = [
            .. prompts.Select(p =>
            {
                string suffix = $" under {p.Prompt}";
                var answers = new AnswerQuestions(p.Context, asks) { Name = forward.Answers.Name + suffix };
                return new PromptChain(
                    p.Prompt,
                    p.Context.Question,
                    answers,
                    Chain.Like(p.Context, attribution, answers, forward.Masks.Spec, suffix)
                );
            }),
        ];
    }

    /// <summary>The units that are known, kind by kind, and the table's among them once it is.</summary>
    private (UnitList Units, Unit? Table, List<Pair> Pairs) Known(Artifacts artifacts)
    {
        long masks = forward.Masks.Most;
        if (Chains(artifacts) is not { } all || forward.Accepted(artifacts) is not { } accepted)
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
        foreach (PromptChain c in all)
        {
            UnitList asked = c.Answers.Units(artifacts);
            answers.AddRange(asked.Known);
            if (c.Answers.SamplesIfAny(artifacts) is not { } samples)
            {
                waitsFor ??= "the answers to the other prompts are there";
                more += Math.Min(spec.Samples, accepted.Count) * masks;
                continue;
            }

            foreach (Sample sample in samples.Where(s => own.ContainsKey(s.Id)).Take(spec.Samples))
            {
                drawn.AddRange(c.Chain.MaskUnits(sample));
                ends.Add(c.Chain.Forward.EndsUnit(sample));
                if (!artifacts.Has(ends[^1]))
                {
                    waitsFor ??= "f(1) and f(0) of every sample are known";
                    more += masks;
                }
                else if (c.Chain.Forward.Accepts(artifacts, sample))
                {
                    passes.AddRange(c.Chain.PassUnits(sample));
                    fits.Add(c.Chain.Attribution.UnitOf(sample));
                    pairs.Add(new Pair(c, own[sample.Id], sample));
                }
            }
        }

        Unit? table = waitsFor is null ? TableUnit(pairs) : null;
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

    private Unit TableUnit(List<Pair> pairs) =>
        new(
            Kind,
            Version,
            "similarity by prompt",
            [
                new KeyPart.Integer("heads", Context.Heads),
                new KeyPart.Text("prompts", string.Join('\n', prompts.Select(p => p.Prompt))),
                new KeyPart.Text("questions", string.Join('\n', prompts.Select(p => p.Context.Question))),
                new KeyPart.Inputs("fits", [.. pairs.Select(pair => pair.Chain.Chain.Attribution.UnitOf(pair.Other))]),
                new KeyPart.Inputs("own fits", [.. pairs.Select(pair => attribution.UnitOf(pair.Own))]),
            ],
            1,
            "tables",
            run =>
                Tables
                    .Of<PromptSimilarityRow>()
                    .Write(run.File(FileName), [.. pairs.Select(pair => Row(run.Artifacts, pair))])
        );

    private PromptSimilarityRow Row(Artifacts artifacts, Pair pair)
    {
        double cosine = Metrics.Cosine(
            attribution.Beta(artifacts, pair.Own),
            pair.Chain.Chain.Attribution.Beta(artifacts, pair.Other)
        );
        return new PromptSimilarityRow(
            pair.Chain.Prompt,
            pair.Chain.Question,
            pair.Own.Id,
            double.IsNaN(cosine) ? null : cosine
        );
    }

    private sealed record PromptChain(string Prompt, string Question, AnswerQuestions Answers, Chain Chain);

    /// <summary>A picture that is kept under both prompts.</summary>
    private sealed record Pair(PromptChain Chain, Sample Own, Sample Other);
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
