using Pipelines.Models.Ablation;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// What the heads of largest beta write towards in the vocabulary (paper, Fig. 8). A unit is a sample.
/// </summary>
[StageOf<LogitLensSpec>]
public sealed class LogitLens(StageContext context, LogitLensSpec spec, ForwardPasses forward, Regress attribution)
    : SampleStage(context, forward)
{
    private const int Version = 1;
    private const string FileName = "logit-lens.parquet";

    /// <inheritdoc/>
    public override string Kind => "logit-lens";

    /// <inheritdoc/>
    public override string WorkUnit => "samples";

    /// <summary>The spec.</summary>
    public LogitLensSpec Spec => spec;

    /// <summary>A sample's heads and items, in order.</summary>
    public IReadOnlyList<LensRow> Rows(Artifacts artifacts, Sample sample) =>
        Tables.Of<LensRow>().Read(artifacts.File(UnitOf(sample), FileName));

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder) =>
        PublishTable(folder, [.. Forward.Accepted(artifacts)!.SelectMany(s => Rows(artifacts, s))]);

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var samples = Forward.Accepted(artifacts)!;
        int naming = samples.Count(s => Rows(artifacts, s).Any(r => r.IsTarget));
        return
        [
            new SummaryRow(
                Name,
                $"the answer is among the top {spec.Items} items of one of the {spec.Heads} strongest heads in "
                    + $"{naming} of {samples.Count} samples"
            ),
        ];
    }

    /// <inheritdoc/>
    protected override Unit Create(Sample sample) =>
        new(
            Kind,
            Version,
            sample.Id,
            [
                new KeyPart.Text("sample", sample.Id),
                .. Context.SampleParts(sample),
                new KeyPart.Inputs("attribution", [attribution.UnitOf(sample)]),
                new KeyPart.Integer("heads", spec.Heads),
                new KeyPart.Integer("items", spec.Items),
                new KeyPart.Text("reading", Spelling.Of(spec.Reading)),
            ],
            1,
            WorkUnit,
            run => Compute(run, sample)
        );

    private void Compute(UnitRun run, Sample sample)
    {
        using var lease = Forward.Prepare(run.Artifacts, sample);
        using IntactRun intact = IntactRun.Compute(lease.Value.Prefix);
        double[] beta = attribution.Beta(run.Artifacts, sample);
        int[] heads = [.. Ranking.ByScore(beta).Take(spec.Heads)];
        var top = HeadLens.Top(lease.Value.Prefix, intact, heads, spec.Reading == LensReading.Image, spec.Items);
        int perLayer = Context.Info.Heads;
        Tables
            .Of<LensRow>()
            .Write(
                run.File(FileName),
                [
                    .. heads.SelectMany(
                        (n, rank) =>
                            top[rank]
                                .Select(
                                    (item, i) =>
                                        new LensRow(
                                            sample.Id,
                                            rank,
                                            n / perLayer,
                                            n % perLayer,
                                            beta[n],
                                            i,
                                            item.Token,
                                            Context.Model.Tokenizer.TokenText(item.Token),
                                            item.Logit,
                                            item.Token == sample.TargetToken
                                        )
                                )
                    ),
                ]
            );
    }
}
