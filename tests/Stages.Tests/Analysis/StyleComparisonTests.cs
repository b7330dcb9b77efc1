using FluentAssertions;
using Pipelines.Stages.Analysis;
using Xunit;

namespace Pipelines.Stages.Tests.Analysis;

public sealed class StyleComparisonTests
{
    private static readonly string[] Styles = ["real", "sketch", "clipart"];

    [Fact]
    public void Means_equal_those_of_a_plain_loop_over_pairs_and_counts_add_up()
    {
        StyledBeta[] samples = Samples(objectWeight: 1, styleWeight: 1, noise: 0.5);
        StyleComparison compared = StyleComparison.Of(samples, Styles);

        compared.Pairs.Should().HaveCount(12, "six pairs of styles, the same object or another");
        compared.Pairs.Sum(p => p.Cosine.Count).Should().Be(samples.Length * (samples.Length - 1) / 2);
        foreach (StylePairs pair in compared.Pairs)
        {
            var cosines = new List<double>();
            for (int i = 0; i < samples.Length; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    bool styles =
                        (samples[i].Style, samples[j].Style) == (pair.Style, pair.OtherStyle)
                        || (samples[j].Style, samples[i].Style) == (pair.Style, pair.OtherStyle);
                    if (styles && samples[i].Object == samples[j].Object == pair.SameObject)
                    {
                        cosines.Add(Metrics.Cosine(samples[i].Beta, samples[j].Beta));
                    }
                }
            }

            pair.Cosine.Count.Should().Be(cosines.Count);
            pair.Cosine.Mean.Should().BeApproximately(cosines.Average(), 1e-12);
            pair.Cosine.Low.Should().BeLessThan(pair.Cosine.Mean);
            pair.Cosine.High.Should().BeGreaterThan(pair.Cosine.Mean);
        }

        foreach (StyleRelation relation in compared.Relations)
        {
            var own = compared
                .Pairs.Where(p => p.SameObject == relation.SameObject && p.Style == p.OtherStyle == relation.SameStyle)
                .ToList();
            relation.Cosine.Count.Should().Be(own.Sum(p => p.Cosine.Count));
            relation
                .Cosine.Mean.Should()
                .BeApproximately(own.Sum(p => p.Cosine.Mean * p.Cosine.Count) / relation.Cosine.Count, 1e-12);
        }

        compared
            .ObjectOverStyle.Mean.Should()
            .BeApproximately(compared.Of(true, false).Mean - compared.Of(false, true).Mean, 1e-12);
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(0, 1, -1)]
    public void Beta_made_by_the_object_follows_it_and_beta_made_by_the_style_follows_that(
        double objectWeight,
        double styleWeight,
        int sign
    )
    {
        Estimate over = StyleComparison.Of(Samples(objectWeight, styleWeight, noise: 0.1), Styles).ObjectOverStyle;

        Math.Sign(over.Low).Should().Be(sign);
        Math.Sign(over.High).Should().Be(sign);
    }

    [Fact]
    public void Beta_without_either_is_not_told_apart()
    {
        Estimate over = StyleComparison.Of(Samples(0, 0, noise: 1), Styles).ObjectOverStyle;

        over.Low.Should().BeLessThan(0);
        over.High.Should().BeGreaterThan(0);
    }

    [Fact]
    public void A_sample_of_zero_beta_or_of_another_style_makes_no_pair()
    {
        StyledBeta[] samples = Samples(1, 1, noise: 0.5);
        StyleComparison compared = StyleComparison.Of(samples, Styles);

        StyleComparison more = StyleComparison.Of(
            [
                .. samples,
                new StyledBeta("real", "dog", new double[16]),
                new StyledBeta("quickdraw", "dog", samples[0].Beta),
            ],
            Styles
        );

        more.Pairs.Select(p => (p.Cosine.Mean, p.Cosine.Count))
            .Should()
            .Equal(compared.Pairs.Select(p => (p.Cosine.Mean, p.Cosine.Count)));
    }

    [Fact]
    public void Without_pairs_there_is_no_estimate_and_two_runs_agree_to_the_bit()
    {
        StyleComparison
            .Of([new StyledBeta("real", "dog", [1, 0])], Styles)
            .Relations.Should()
            .OnlyContain(r => r.Cosine.Count == 0 && double.IsNaN(r.Cosine.Mean));
        StyledBeta[] samples = Samples(1, 1, noise: 0.5);
        StyleComparison.Of(samples, Styles).Pairs.Should().Equal(StyleComparison.Of(samples, Styles).Pairs);
    }

    /// <summary>
    /// Four objects in three styles, two samples of each: beta [16] is the sum of an object's vector, a style's vector
    /// and noise.
    /// </summary>
    private static StyledBeta[] Samples(double objectWeight, double styleWeight, double noise)
    {
        var random = new Random(5);
        double[] Vector() => [.. Enumerable.Range(0, 16).Select(_ => random.NextDouble() - 0.5)];
        string[] objects = ["dog", "bus", "apple", "bell"];
        var ofObject = objects.ToDictionary(o => o, _ => Vector());
        var ofStyle = Styles.ToDictionary(s => s, _ => Vector());
        return
        [
            .. from name in objects
            from style in Styles
            from _ in Enumerable.Range(0, 2)
            let own = Vector()
            select new StyledBeta(
                style,
                name,
                [
                    .. Enumerable
                        .Range(0, 16)
                        .Select(n =>
                            (objectWeight * ofObject[name][n]) + (styleWeight * ofStyle[style][n]) + (noise * own[n])
                        ),
                ]
            ),
        ];
    }
}
