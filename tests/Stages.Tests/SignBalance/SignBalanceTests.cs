using FluentAssertions;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tests.Reporting;
using Pipelines.Stages.Tests.Units;
using Xunit;

namespace Pipelines.Stages.Tests;

public sealed class SignBalanceTests : IDisposable
{
    private readonly FakeArtifacts store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public void Negative_heads_are_counted_by_layer_and_weighed_against_all()
    {
        Signs(1e-4, (0, 0.5), (0, -0.2), (1, -0.1), (1, -0.2), (1, 0))
            .Should()
            .Equal(new SignBalanceRow("a", 0, 1, 0.2), new SignBalanceRow("a", 1, 2, 0.3));
    }

    [Fact]
    public void A_beta_of_next_to_nothing_is_of_no_sign()
    {
        Signs(0.15, (0, 0.5), (0, -0.2), (1, -0.1), (1, -0.2)).Select(r => r.Negative).Should().Equal(1, 1);
    }

    [Fact]
    public void Where_every_beta_is_zero_there_is_no_share()
    {
        Signs(0, (0, 0), (1, 0))
            .Should()
            .Equal(new SignBalanceRow("a", 0, 0, null), new SignBalanceRow("a", 1, 0, null));
    }

    [Fact]
    public void The_figure_names_the_layer_that_holds_most()
    {
        ReportData none = MadeUpReport.Of(layers: 3, heads: 2, samples: 3, masks: 20),
            some = none with { Tables = new MadeUpSigns().AddTo(none.Tables, SampleResult.Of(none)) };
        Drawing drawing = SignBalanceFigure.Of(Findings.Of(some))!;
        drawing.Shows.Should().Contain("most of it in layer 2");
        drawing.Table.Rows.Should().HaveCount(3);
        SignBalanceFigure.Of(Findings.Of(none)).Should().BeNull();
    }

    private SignBalanceRow[] Signs(double below, params (int Layer, double Beta)[] beta)
    {
        var fit = store.Given<AttributionRow>([
            .. beta.Select((b, head) => new AttributionRow("a", b.Layer, head, b.Beta)),
        ]);
        return
        [
            .. store
                .Compute<SignsOfSample, SignBalanceRow>(new SignsOfSample(below, fit))
                .Select(r => r with { Share = r.Share is { } share ? Math.Round(share, 12) : null }),
        ];
    }
}

/// <summary>The deeper the layer, the more works against the answer.</summary>
internal sealed class MadeUpSigns : IMadeUpRows
{
    public ReportTables AddTo(ReportTables tables, IReadOnlyList<SampleResult> samples) =>
        tables.With(
            from sample in samples.Index()
            from layer in Enumerable.Range(0, sample.Item.Beta.Count == 6 ? 3 : 4)
            select new SignBalanceRow(
                sample.Item.SampleId,
                layer,
                (layer + sample.Index) % 3,
                (0.01 * layer) + (0.002 * (sample.Index % 5))
            )
        );
}
