using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Data;

public sealed class PictureSetTests
{
    [Property]
    public void Seed_order_is_a_permutation_that_does_not_depend_on_the_input_order(byte count, int seed, int shuffle)
    {
        DataItem[] items = Items(count),
            shuffled = [.. items];
        new Random(shuffle).Shuffle(shuffled);

        IReadOnlyList<DataItem> order = SeedOrder.Of(items, seed, "test");

        order
            .OrderBy(i => i.SampleId, StringComparer.Ordinal)
            .Should()
            .Equal(items.OrderBy(i => i.SampleId, StringComparer.Ordinal));
        SeedOrder.Of(shuffled, seed, "test").Should().Equal(order);
    }

    [Property]
    public void Removing_pictures_never_reorders_the_rest(byte count, int seed, int kept)
    {
        DataItem[] items = Items(count);
        var random = new Random(kept);
        HashSet<DataItem> rest = [.. items.Where(_ => random.Next(2) == 0)];

        SeedOrder.Of(rest, seed, "test").Should().Equal(SeedOrder.Of(items, seed, "test").Where(rest.Contains));
    }

    [Fact]
    public void Seed_order_is_what_it_was_when_first_published() => // computed apart, with Python's hashlib
        SeedOrder
            .Of(Items(8), 7, "questions")
            .Select(i => i.SampleId)
            .Should()
            .Equal("5", "3", "4", "7", "2", "0", "1", "6");

    [Fact]
    public void Seeds_and_purposes_give_orders_of_their_own()
    {
        DataItem[] items = Items(50);

        SeedOrder.Of(items, 1, "a").Should().NotEqual(SeedOrder.Of(items, 2, "a"));
        SeedOrder.Of(items, 1, "a").Should().NotEqual(SeedOrder.Of(items, 1, "b"));
    }

    [Fact]
    public void Every_place_is_about_equally_likely()
    {
        DataItem[] items = Items(10);
        int[] first = new int[10];
        for (int seed = 0; seed < 5000; seed++)
        {
            first[
                int.Parse(
                    SeedOrder.Of(items, seed, "test")[0].SampleId,
                    System.Globalization.CultureInfo.InvariantCulture
                )
            ]++;
        }

        // Chi squared, 9 degrees of freedom: p < 1e-4 above
        first.Sum(n => (n - 500d) * (n - 500d) / 500).Should().BeLessThan(33);
    }

    [Fact]
    public void A_larger_baseline_keeps_the_smaller_one()
    {
        var set = new PictureSet("here", Items(30));

        set.InBaselineOrder(20, 3).Should().Equal(set.InBaselineOrder(10, 3)).And.BeEquivalentTo(set.Pictures);
    }

    [Fact]
    public void Baseline_pictures_come_from_all_pictures_and_questions_only_from_candidates()
    {
        var set = new PictureSet(
            "here",
            [.. Items(10).Select(i => i.SampleId.Length == 1 && i.SampleId[0] < '8' ? i with { LeftOut = "why" } : i)]
        );

        set.InQuestionOrder(1).Select(i => i.SampleId).Should().BeEquivalentTo("8", "9");
        set.InBaselineOrder(10, 1).Should().HaveCount(10);
    }

    [Fact]
    public void Too_few_pictures_for_a_baseline_is_an_error_with_the_remedy() =>
        new PictureSet("here", Items(3))
            .Invoking(s => s.InBaselineOrder(100, 1))
            .Should()
            .Throw<InputException>()
            .WithMessage("here: holds 3 pictures, fewer than the 100 asked for as a baseline. Set images: 3 *");

    [Fact]
    public void No_candidate_is_an_error_that_counts_the_reasons() =>
        new PictureSet("here", [.. Items(3).Select(i => i with { LeftOut = i.SampleId == "0" ? "small" : "crowd" })])
            .Invoking(s => s.InQuestionOrder(1))
            .Should()
            .Throw<InputException>()
            .WithMessage("here: none of 3 pictures can be asked about (2: crowd; 1: small). *");

    private static DataItem[] Items(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))
                .Select(id => new DataItem(id, id + ".jpg", "/" + id + ".jpg")),
        ];
}
