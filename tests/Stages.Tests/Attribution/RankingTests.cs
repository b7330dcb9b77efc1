using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Domain;
using Pipelines.Stages.Attribution;
using Xunit;

namespace Pipelines.Stages.Tests.Attribution;

public sealed class RankingTests
{
    [Property]
    public void An_order_by_score_holds_every_head_once_with_scores_falling_and_ties_by_index(double[] scores)
    {
        var order = Ranking.ByScore(scores);
        order.Order().Should().Equal(Enumerable.Range(0, scores.Length));
        for (int i = 1; i < order.Length; i++)
        {
            double before = scores[order[i - 1]],
                after = scores[order[i]];
            (
                before > after
                || double.IsNaN(after) && !double.IsNaN(before)
                || (before.Equals(after) || before == after) && order[i - 1] < order[i]
            )
                .Should()
                .BeTrue();
        }
    }

    [Property]
    public void Random_orders_are_permutations_and_functions_of_seed_and_index(int seed, byte heads, byte index)
    {
        var order = Ranking.Random(heads, seed, "a sample", index);
        order.Order().Should().Equal(Enumerable.Range(0, heads));
        order.Should().Equal(Ranking.Random(heads, seed, "a sample", index));
        if (heads > 20)
        {
            order.Should().NotEqual(Ranking.Random(heads, seed, "a sample", index + 1));
        }
    }

    [Property]
    public void The_two_masks_of_k_are_each_other_s_complement_and_the_first_has_k_heads(int seed, byte heads, byte k)
    {
        var order = Ranking.Random(heads, seed, "a sample", 0);
        int count = Math.Min(k, heads);
        var intact = Ranking.Intact(order, count);
        var ablated = Ranking.Ablated(order, count);
        intact.Sum(b => byte.PopCount(b)).Should().Be(count);
        ablated.Sum(b => byte.PopCount(b)).Should().Be(heads - count);
        intact.Zip(ablated).Any(p => (p.First & p.Second) != 0).Should().BeFalse();
        order.Take(count).All(n => MadeUpSample.IsIntact(intact, n)).Should().BeTrue();
    }

    [Fact]
    public void SplitMix64_is_the_published_generator()
    {
        // First outputs for state 1234567 of the reference implementation (Vigna, splitmix64.c).
        var reference = new ulong[] { 6457827717110365317, 3203168211198807973, 9817491932198370423 };
        var generator = SplitMix64.FromState(1234567);
        reference.Should().Equal(Enumerable.Range(0, 3).Select(_ => generator.Next()));
    }

    [Fact]
    public void Every_order_of_four_is_equally_likely()
    {
        var counts = new Dictionary<string, int>();
        for (int i = 0; i < 24_000; i++)
        {
            string order = string.Concat(Ranking.Random(4, 5, "a sample", i));
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        counts.Should().HaveCount(24);
        double chiSquare = counts.Values.Sum(c => (c - 1000.0) * (c - 1000) / 1000);
        chiSquare.Should().BeLessThan(49.7, "99.9 % of fair draws stay below with 23 degrees of freedom");
    }
}
