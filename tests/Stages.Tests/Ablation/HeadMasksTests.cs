using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Pipelines.Domain;
using Xunit;

namespace Pipelines.Stages.Tests.Ablation;

public sealed class HeadMasksTests
{
    [Property]
    public Property An_exact_mask_ablates_exactly_round_p_N(
        int seed,
        NonNull<string> scope,
        PositiveInt index,
        PositiveInt count,
        byte share
    )
    {
        int n = 1 + (count.Get % 2000);
        double p = share / 255.0;
        byte[] mask = HeadMasks.Draw(seed, scope.Get, index.Get, n, p, MaskDraw.Exact);
        return (HeadMasks.Intact(mask) == n - (int)Math.Round(p * n) && mask.Length == (n + 7) / 8).ToProperty();
    }

    [Property]
    public Property A_mask_is_a_pure_function_of_seed_scope_and_index(
        int seed,
        NonNull<string> scope,
        PositiveInt index
    )
    {
        byte[] mask = HeadMasks.Draw(seed, scope.Get, index.Get, 1000, 0.75, MaskDraw.Exact);
        return (
            mask.SequenceEqual(HeadMasks.Draw(seed, scope.Get, index.Get, 1000, 0.75, MaskDraw.Exact))
            && !mask.SequenceEqual(HeadMasks.Draw(seed, scope.Get, index.Get + 1L, 1000, 0.75, MaskDraw.Exact))
            && !mask.SequenceEqual(HeadMasks.Draw(seed, scope.Get + "x", index.Get, 1000, 0.75, MaskDraw.Exact))
            && !mask.SequenceEqual(HeadMasks.Draw(seed + 1L, scope.Get, index.Get, 1000, 0.75, MaskDraw.Exact))
        ).ToProperty();
    }

    [Property]
    public Property Complement_and_lists_agree_and_bits_beyond_N_are_zero(int seed, PositiveInt count)
    {
        int n = 1 + (count.Get % 300);
        byte[] mask = HeadMasks.Draw(seed, "s", 0, n, 0.5, MaskDraw.Bernoulli);
        int[] intact = [.. Enumerable.Range(0, n).Where(i => HeadMasks.IsIntact(mask, i))];
        byte[] rest = HeadMasks.Complement(mask, n);
        return (
            HeadMasks.Of(n, intact).SequenceEqual(mask)
            && HeadMasks.Without(n, intact).SequenceEqual(rest)
            && HeadMasks.Intact(mask) + HeadMasks.Intact(rest) == n
            && HeadMasks.FirstAblated(mask, n)
                == Enumerable.Range(0, n).TakeWhile(i => HeadMasks.IsIntact(mask, i)).Count()
            && mask.Zip(HeadMasks.Full(n)).All(b => (b.First & ~b.Second) == 0)
        ).ToProperty();
    }

    [Theory]
    [InlineData(MaskDraw.Exact)]
    [InlineData(MaskDraw.Bernoulli)]
    internal void Every_head_and_every_pair_is_ablated_as_often_as_p_says(MaskDraw drawing)
    {
        const int n = 12,
            draws = 40_000;
        double[] alone = new double[n];
        double together = 0;
        for (int i = 0; i < draws; i++)
        {
            byte[] mask = HeadMasks.Draw(11, "sample", i, n, 0.75, drawing);
            for (int head = 0; head < n; head++)
            {
                alone[head] += HeadMasks.IsIntact(mask, head) ? 0 : 1.0 / draws;
            }

            together += !HeadMasks.IsIntact(mask, 0) && !HeadMasks.IsIntact(mask, n - 1) ? 1.0 / draws : 0;
        }

        alone.Should().OnlyContain(share => Math.Abs(share - 0.75) < 0.011); // five standard deviations
        together.Should().BeApproximately(drawing == MaskDraw.Exact ? 0.75 * 8 / 11 : 0.75 * 0.75, 0.0125);
    }

    [Fact]
    public void The_stream_is_pinned()
    {
        // a change of the generator would change every cached mask: bump the stage's version then
        Convert
            .ToHexString(HeadMasks.Draw(7, "000001.jpg", 3, 64, 0.75, MaskDraw.Exact))
            .Should()
            .Be("9402161490186020"); // by an independent implementation
        var random = new CounterRandom(7, "a", 0);
        Enumerable.Range(0, 1000).Select(_ => random.NextUnit()).Should().OnlyContain(x => x >= 0 && x < 1);
    }
}
