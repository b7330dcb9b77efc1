using System.Buffers.Binary;
using System.Text.Json;
using System.Text.RegularExpressions;
using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Reporting.Explorer;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>What the explorer's script finds in the page.</summary>
public sealed class ExplorerTests
{
    private static readonly Lazy<Findings> Whole = new(() => Findings.Of(MadeUpWhole.Of()));

    [Property]
    public void Packed_numbers_are_those_that_were_packed_to_the_last_bit(double[] values) =>
        Read(Packed.Of(values)).Should().Equal(values, (a, b) => a.Equals(b));

    [Property]
    public void Packed_colours_are_those_that_were_packed_to_half_a_step_and_keep_their_signs(double[] values)
    {
        double[] finite = [.. values.Where(v => Math.Abs(v) < 1e100)];

        var packed = PackedColours.Of(finite);

        double[] read = Read(packed);
        var off = read.Zip(finite, (a, b) =>
            (Steps: Math.Abs(a - b) / packed.Step, IsSmall: Math.Abs(b) < packed.Step)
        );
        off.All(o => packed.Step == 0 || o.Steps <= (o.IsSmall ? 1 : 0.5001)).Should().BeTrue();
        read.Select(Math.Sign).Should().Equal(finite.Select(v => packed.Step == 0 ? 0 : Math.Sign(v)));
    }

    [Fact]
    public void What_is_not_finite_is_packed_as_0() =>
        Read(PackedColours.Of([double.NaN, 2, double.PositiveInfinity])).Should().Equal(0, 2, 0);

    [Fact]
    public void The_index_holds_every_sample_with_its_betas_and_the_means_of_the_report()
    {
        Findings findings = Whole.Value;

        var index = ExplorerIndex.Of(findings, _ => null, []);

        index.Samples.Select(s => s.Id).Should().Equal(findings.Samples.Select(s => s.SampleId));
        Read(index.Mean!).Zip(findings.MeanBeta!.Cast<double>()).Should().OnlyContain(p => Near(p.First, p.Second));
        Read(index.Share!).Should().Equal(findings.Frequency!.Cast<double>());
        Read(index.Alone!)[3].Should().BeApproximately(findings.Samples.Average(s => s.SingleHead[3]), 1e-12);
        Read(index.Attention!)[3].Should().BeApproximately(findings.Samples.Average(s => s.ImageAttention[3]), 1e-12);
        for (int i = 0; i < findings.Samples.Count; i++)
        {
            Read(index.Beta[i]!).Should().Equal(findings.Samples[i].Beta);
            (index.Samples[i].R2, index.Samples[i].Intact)
                .Should()
                .Be((findings.Samples[i].R2, findings.Samples[i].Intact), "the page writes them as its tables do");
        }
    }

    [Fact]
    public void A_part_holds_the_attention_of_the_samples_strongest_heads_cell_by_cell()
    {
        Findings findings = Whole.Value;
        SampleResult sample = findings.Samples.First(s =>
            findings.Rows<TokenTraceRow>().Any(t => t.SampleId == s.SampleId)
        );
        HeadAttentionRow[] rows = [.. findings.Rows<HeadAttentionRow>().Where(r => r.SampleId == sample.SampleId)];
        rows.Should().NotBeEmpty();

        SamplePart part = new SampleParts(findings).Of(sample);

        int strongest = rows.MaxBy(r => sample.Beta[NumberOf(findings, r)]) is { } row ? NumberOf(findings, row) : -1;
        part.HeadsShown[0].Should().Be(strongest);
        byte[] cells = Convert.FromBase64String(part.HeadAttention);
        cells.Should().HaveCount(part.HeadsShown.Count * part.Rows * part.Columns);
        ImageTokenRow peak = findings
            .Rows<ImageTokenRow>()
            .Where(t => t.SampleId == sample.SampleId)
            .MaxBy(t => rows.Single(r => NumberOf(findings, r) == strongest).Attention[t.Token])!;
        cells[(peak.Row!.Value * part.Columns) + peak.Column!.Value].Should().Be(byte.MaxValue);
    }

    [Fact]
    public void Grids_that_are_finer_than_a_page_shows_are_averaged()
    {
        ImageTokenRow[] tokens =
        [
            .. Enumerable.Range(0, 40 * 40).Select(j => new ImageTokenRow("a", j, j / 40, j % 40, j % 2, null)),
        ];

        var cells = TokenCells.Of(40, 40, tokens)!;

        (cells.Rows, cells.Columns).Should().Be((20, 20));
        cells.Values(j => tokens[j].WeightedAttention).Should().OnlyContain(v => v == 0.5);
    }

    [Fact]
    public void A_cell_at_the_edge_of_an_odd_grid_is_the_mean_of_the_tokens_that_are_left()
    {
        ImageTokenRow[] tokens =
        [
            .. Enumerable.Range(0, 35 * 33).Select(j => new ImageTokenRow("a", j, j / 33, j % 33, j % 33, null)),
        ];

        var cells = TokenCells.Of(35, 33, tokens)!;

        (cells.Side, cells.Rows, cells.Columns).Should().Be((2, 18, 17));
        cells
            .Values(j => tokens[j].WeightedAttention)
            .Should()
            .Equal(Enumerable.Range(0, 18 * 17).Select(c => c % 17 == 16 ? 32 : (2 * (c % 17)) + 0.5));
    }

    [Fact]
    public void The_order_of_token_rows_does_not_matter()
    {
        ReportData data = MadeUpWhole.Of(),
            turned = data.With(data.Tables.Rows<ImageTokenRow>().Reverse())
                .With(data.Tables.Rows<TextTokenRow>().Reverse());
        SampleParts parts = new(Whole.Value),
            others = new(Findings.Of(turned));

        foreach (SampleResult sample in Whole.Value.Samples.Take(3))
        {
            others.Of(sample).Should().BeEquivalentTo(parts.Of(sample), o => o.WithStrictOrdering());
        }
    }

    [Fact]
    public void A_part_has_the_curves_of_every_criterion_where_all_its_orders_were_measured()
    {
        Findings findings = Whole.Value;
        SampleResult sample = findings.Samples[0];

        SamplePart part = new SampleParts(findings).Of(sample);

        part.Curves.Select(c => c.Criterion).Should().Equal(findings.Criteria.Select(c => c.Criterion));
        PartCurve random = part.Curves.Single(c => c.Criterion == Criteria.Random);
        double[] atThree =
        [
            .. findings
                .Rows<ValidationRow>()
                .Where(r => r.SampleId == sample.SampleId && r.Criterion == Criteria.Random && r.K == 3)
                .Select(r => r.Faithfulness),
        ];
        atThree.Length.Should().BeGreaterThan(1);
        random.Faithful[random.K.ToList().IndexOf(3)].Should().BeApproximately(atThree.Average(), 1e-4);
    }

    [Fact]
    public void Blocks_are_json_that_no_text_of_a_model_can_end()
    {
        ReportData data = MadeUpWhole.Of().EachSample(s => s with { Answer = "</script><script>alert(1)</script>" });

        string blocks = ExplorerFiles.Of(Findings.Of(data))!.Blocks;

        MatchCollection found = Regex.Matches(
            blocks,
            "<script type=\"application/json\" id=\"([^\"]+)\">(.*?)</script>"
        );
        found.Should().HaveCount(1 + data.Samples.Count);
        Regex.Count(blocks, "</script>").Should().Be(found.Count);
        foreach (Match block in found)
        {
            using var _ = JsonDocument.Parse(block.Groups[2].Value);
        }
    }

    [Fact]
    public void What_is_too_heavy_for_the_page_lies_in_scripts_beside_it()
    {
        Findings findings = Whole.Value;

        ExplorerFiles light = ExplorerFiles.Of(findings)!,
            heavy = ExplorerFiles.Of(findings, bytesInPage: 0)!;

        light.Scripts.Should().BeEmpty();
        heavy.Scripts.Should().ContainSingle(f => f.Path == "explorer/samples-1.js");
        Regex
            .Count(heavy.Scripts[0].Text, @"^explorerPart\(\d+,""[^""]*"",\{", RegexOptions.Multiline)
            .Should()
            .Be(findings.Samples.Count);
        heavy.Blocks.Should().Contain("\"script\":0").And.NotContain("id=\"explorer-0\"");
    }

    [Fact]
    public void Without_a_regression_there_is_nothing_to_walk_to() =>
        ExplorerFiles.Of(Findings.Of(MadeUpReport.Of(4, 6, samples: 3, masks: 40).AnswersAlone())).Should().BeNull();

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-12;

    private static int NumberOf(Findings findings, HeadAttentionRow row) =>
        (row.Layer * findings.Data.Model.Heads) + row.Head;

    private static double[] Read(string packed)
    {
        byte[] bytes = Convert.FromBase64String(packed);
        return
        [
            .. Enumerable
                .Range(0, bytes.Length / sizeof(double))
                .Select(i => BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(sizeof(double) * i))),
        ];
    }

    private static double[] Read(PackedColours packed) =>
        [.. Convert.FromBase64String(packed.Data).Select(b => packed.Step * (sbyte)b)];
}
