using FluentAssertions;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Xunit;

namespace Pipelines.Stages.Tests.Ablation;

public sealed class KeyPlacesTests
{
    /// <summary>Two of text, two image tokens, a marker, two image tokens, three of text.</summary>
    private static readonly PromptTokens Prompt = new("", [1, 2, 9, 9, 3, 9, 9, 4, 5, 6], 2, 4)
    {
        ImageRuns = [new TokenRun(2, 2), new TokenRun(5, 2)],
    };

    [Fact]
    public void Markers_between_runs_are_prefix_and_the_suffix_follows_the_last_run()
    {
        Prompt.PrefixPlaces.Should().Equal(0, 1, 4);
        Prompt.ImagePlaces.Should().Equal(2, 3, 5, 6);
        (Prompt.PrefixLength, Prompt.SuffixStart, Prompt.SuffixLength).Should().Be((3, 7, 3));
        KeyPlaces.Of(Prompt).Order(10).Should().Equal(0, 1, 4, 2, 3, 5, 6, 7, 8, 9);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_window_hides_what_stands_before_it_wherever_the_block_holds_it(int moved)
    {
        KeyPlaces places = KeyPlaces.Of(Prompt).WithLongerPrefix(moved);
        for (int window = 1; window < 12; window++)
        {
            for (int token = 0; token < 3 - moved; token++)
            {
                int query = places.Suffix + token;
                HiddenKeys hidden = places.Hidden(token, window);
                hidden
                    .Should()
                    .Be(
                        new HiddenKeys(
                            places.Prefix.Count(j => query - j >= window),
                            places.Image.Count(j => query - j >= window),
                            Enumerable.Range(places.Suffix, token + 1).Count(j => query - j >= window)
                        )
                    );
            }
        }
    }

    [Fact]
    public void One_run_needs_not_be_said()
    {
        var prompt = new PromptTokens("", [1, 9, 9, 2], 1, 2);
        prompt.ImageRuns.Should().Equal(new TokenRun(1, 2));
        (prompt with { ImageStart = 0 }).ImageRuns.Should().Equal(new TokenRun(0, 2));
    }
}
