using FluentAssertions;
using Microsoft.Playwright;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Tests.Reporting;
using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>The explorer, walked through as people do.</summary>
[Collection(BrowserTests.Name)]
public sealed class ExplorerPageTests(Chromium chromium)
{
    private static readonly string[] Places =
    [
        "browse=",
        "browse=dog&sort=needed",
        "head=1.2",
        "sample=000003",
        "sample=000003&with=000007",
        "object=dog",
    ];

    public static IEnumerable<object[]> PlacesByWidth =>
        from place in Places
        from width in new[] { 1280, 400 }
        from isDark in new[] { false, true }
        select new object[] { place, width, isDark };

    [BrowserTheory]
    [MemberData(nameof(PlacesByWidth))]
    public async Task Every_place_shows_itself_without_an_error_and_no_wider_than_its_window(
        string place,
        int width,
        bool isDark
    )
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole, width, isDark: isDark);

        await open.GoAsync(place);

        (await open.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).Should().BeTrue();
        (await open.Page.IsVisibleAsync("#summary")).Should().BeFalse();
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task A_click_on_a_cell_of_figure_2_leads_to_its_head_and_back_to_the_report()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        ILocator map = open.Page.Locator("#fig2-beta .wide rect[data-cells]").First;
        var box = (await map.BoundingBoxAsync())!;

        // Of 4 layers by 6 heads, the cell in the last row and the second column
        await map.ClickAsync(
            new()
            {
                Position = new() { X = box.Width * 1.5f / 6, Y = box.Height * 3.5f / 4 },
            }
        );

        await open.HeadingIs("Layer 3 head 1");
        open.Page.Url.Should().EndWith("#head=3.1");
        (await open.Page.EvaluateAsync<bool>("document.querySelector('#fig2-beta .wide').checkVisibility()"))
            .Should()
            .BeFalse("the report is not behind the place");
        (await open.Page.EvaluateAsync<int>("document.documentElement.scrollHeight - explorer.scrollHeight"))
            .Should()
            .BeLessThan(300, "nothing of the report takes room below it");
        await open.Page.ReloadAsync();
        await open.HeadingIs("Layer 3 head 1");
        await open.Page.ClickAsync("text=← report");
        (await open.Page.IsVisibleAsync("#summary")).Should().BeTrue();
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task The_page_of_a_head_states_what_the_tables_say()
    {
        var findings = Findings.Of(MadeUpWhole.Of());
        int n = Findings.Ranking([.. findings.MeanBeta!.Cast<double>()]).First();
        var (layer, head) = (n / findings.Data.Model.Heads, n % findings.Data.Model.Heads);
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);

        await open.GoAsync($"head={layer}.{head}");

        string facts = await open.Page.InnerTextAsync("#explorer .facts");
        facts
            .Should()
            .Contain(Format.Fixed(findings.MeanBeta![layer, head], 4))
            .And.Contain(Format.Percent(findings.Frequency![layer, head]));
        (await open.Page.Locator("#explorer .chart circle").CountAsync()).Should().Be(findings.Fitted.Count);
        SampleResult strongest = findings.Fitted.MaxBy(s => s.Beta[n])!;
        (await open.Page.Locator("#explorer .spots li").First.InnerTextAsync())
            .Should()
            .Contain(strongest.Answer)
            .And.Contain(Format.Fixed(strongest.Beta[n], 3));
        await open.Page.Locator("#explorer .spots canvas").First.WaitForAsync();
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Keys_reach_the_cells_of_a_figure_show_their_tips_and_open_the_head()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        await open.Page.Locator("#fig2-beta .wide svg").EvaluateAsync("svg => svg.focus({ focusVisible: true })");

        await open.Page.Keyboard.PressAsync("ArrowDown");
        await open.Page.Keyboard.PressAsync("ArrowRight");

        (await open.Page.InnerTextAsync("#tip")).Should().StartWith("layer 1, head 1");
        await open.Page.Keyboard.PressAsync("Enter");
        await open.HeadingIs("Layer 1 head 1");
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Keys_move_in_a_map_of_the_explorer_and_open_a_head()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        await open.GoAsync("sample=000003");

        await open.Page.Locator("#explorer canvas.walks").First.FocusAsync();
        await open.Page.Keyboard.PressAsync("ArrowRight");
        await open.Page.Keyboard.PressAsync("ArrowRight");
        (await open.Page.InnerTextAsync("#tip")).Should().StartWith("layer 0, head 2");
        await open.Page.Keyboard.PressAsync("Enter");

        await open.HeadingIs("Layer 0 head 2");
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Samples_are_found_filtered_and_sorted_and_the_choice_outlives_a_reload()
    {
        var findings = Findings.Of(MadeUpWhole.Of());
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        await open.GoAsync("browse=");
        ILocator cards = open.Page.Locator("#explorer .cards li");
        (await cards.CountAsync()).Should().Be(findings.Samples.Count);

        await open.Page.SelectOptionAsync("#explorer select >> nth=0", "dog");
        int dogs = findings.Samples.Count(s => s.Category == "dog");
        (await cards.CountAsync()).Should().Be(dogs);
        await open.Page.FillAsync("#explorer input[type=search] >> nth=1", "1.2");
        SampleResult first = findings.Samples.Where(s => s.Category == "dog").MaxBy(s => s.Beta[8])!;
        await open.Page.ReloadAsync();

        (await cards.CountAsync()).Should().Be(dogs);
        (await cards.First.InnerTextAsync()).Should().Contain(Format.Fixed(first.Beta[8], 3));
        await cards.First.Locator("a").ClickAsync();
        await open.HeadingIs($"{first.Answer} · {first.SampleId}");
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task A_way_to_sort_that_is_chosen_goes_before_the_head_of_the_address_and_case_does_not_matter()
    {
        var findings = Findings.Of(MadeUpWhole.Of());
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        await open.GoAsync("browse=DOG&by=1.2");
        ILocator cards = open.Page.Locator("#explorer .cards li");
        (await cards.CountAsync()).Should().Be(findings.Samples.Count(s => s.Category == "dog"));

        await open.Page.SelectOptionAsync("#explorer select >> nth=1", "r2");

        (await open.Page.InputValueAsync("#explorer input[type=search] >> nth=1")).Should().BeEmpty();
        SampleResult best = findings.Samples.Where(s => s.Category == "dog").MaxBy(s => s.R2)!;
        (await cards.First.Locator("a").First.GetAttributeAsync("href")).Should().Be($"#sample={best.SampleId}");
        await open.GoAsync("browse=unicorn");
        (await open.Page.InnerTextAsync("#explorer [aria-live]")).Should().EndWith("no object is unicorn");
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Two_samples_stand_side_by_side_with_what_they_share()
    {
        var findings = Findings.Of(MadeUpWhole.Of());
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);

        await open.GoAsync("sample=000003&with=000007");

        (await open.Page.Locator("#explorer .two > div").CountAsync()).Should().Be(2);
        var star = findings
            .Criterion(Criteria.HeadAttribution)!
            .Faithful.BySample.Where(s => s.Key is "000003" or "000007")
            .OrderBy(s => s.Key, StringComparer.Ordinal)
            .Select(s =>
                Findings.Ranking(findings.Samples.Single(o => o.SampleId == s.Key).Beta).Take((int)s.Value).ToArray()
            )
            .ToList();
        int shared = star[0].Intersect(star[1]).Count();
        (await open.Page.InnerTextAsync("#explorer"))
            .Should()
            .Contain($"{shared} of {star[0].Length} and {star[1].Length}");
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Without_scripting_the_report_is_whole_and_nothing_of_the_explorer_is_seen()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole, hasScript: false);

        (await open.Page.Locator("#explorer").CountAsync()).Should().Be(0);
        (await open.Page.IsVisibleAsync("#summary")).Should().BeTrue();
    }

    [BrowserFact]
    public async Task Samples_in_scripts_beside_the_page_are_read_from_disk_and_a_missing_one_is_named()
    {
        var findings = Findings.Of(MadeUpWhole.Of());
        var (page, script) = RunPages.WriteWithScript(findings, "beside");

        await using (OpenPage open = await chromium.OpenAsync(page))
        {
            await open.GoAsync("sample=000003");
            await open.HeadingIs(findings.Samples[3].Answer + " · 000003");
            open.Errors.Should().BeEmpty();
        }

        File.Delete(script);
        await using OpenPage alone = await chromium.OpenAsync(page);
        await alone.GoAsync("sample=000003");
        (await alone.Page.InnerTextAsync("#explorer"))
            .Should()
            .Contain("explorer/samples-1.js is not beside this page");
    }

    [BrowserFact]
    public async Task An_unknown_place_says_what_there_is()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);

        await open.GoAsync("head=99.0");
        (await open.Page.InnerTextAsync("#explorer")).Should().Contain("from 0.0 to 3.5");
        await open.GoAsync("sample=none");
        await open.HeadingIs("No such sample");
        await open.GoAsync("object=none");
        await open.HeadingIs("No such object");
        (await open.Page.InnerTextAsync("#explorer")).Should().Contain("The objects of this report");
        string name = await open.Page.InnerTextAsync("#explorer .chips a");
        name = name[..name.LastIndexOf(' ')];
        await open.GoAsync($"object={Uri.EscapeDataString(name.ToUpperInvariant())}");
        (await open.HeadingAsync()).Should().NotBe("No such object", "an address may be typed by hand");
        open.Errors.Should().BeEmpty();
    }
}
