using System.Globalization;
using System.Reflection;
using FluentAssertions;
using Microsoft.Playwright;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Reporting.Explorer;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tests.Reporting;
using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>Pages of runs whose names, numbers and parts are unlike those one thinks of.</summary>
[Collection(BrowserTests.Name)]
public sealed class OddPageTests(Chromium chromium)
{
    private static readonly string[] OddTexts =
    [
        "\"quoted\" & 'so'",
        "a#b%41=c+d&head=1.1",
        "</script><b>$&$1</b>",
        "👩‍👩‍👧 né",
        "مرحبا بالعالم",
        new('w', 200),
        "",
        "  ",
        "__proto__",
        "{r}|{c}",
        "100%",
        "\u202Egnp.exe",
    ];

    private static readonly Lazy<string> Odd = new(() => RunPages.Write(OddNames(), "odd"));

    [BrowserFact]
    public async Task Odd_names_are_shown_as_they_are_and_every_link_leads_to_its_place()
    {
        await using OpenPage open = await chromium.OpenAsync(Page(Odd.Value), width: 400);
        await open.GoAsync("browse=");
        ILocator cards = open.Page.Locator("#explorer .cards li");
        (await cards.CountAsync()).Should().Be(24);
        for (int i = 0; i < OddTexts.Length; i++)
        {
            await open.GoAsync("browse=");
            await cards.Nth(i).Locator("a").ClickAsync();
            await open.Page.Locator("#explorer .facts").First.WaitForAsync();
            (await open.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"))
                .Should()
                .BeTrue($"sample {i} is no wider than its window");
            await open.Page.Locator("#explorer .facts a").First.ClickAsync();
            await open.Page.Locator("#explorer .chips").WaitForAsync();
            (await open.HeadingAsync()).Should().NotBe("No such object").And.EndWith("samples");
            (await open.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"))
                .Should()
                .BeTrue($"object {i} is no wider than its window");
        }

        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task The_ways_at_the_top_lead_to_samples_heads_and_objects_and_from_a_head_to_all_samples()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        await open.GoAsync("head=1.2");

        foreach (var (link, heading) in new[] { ("samples", "Samples"), ("heads", "Layer"), ("objects", "samples") })
        {
            await open.Page.Locator("#explorer .paths a", new() { HasTextString = link }).ClickAsync();
            await open.HeadingIs(heading);
        }

        await open.GoAsync("head=1.2");
        await open.Page.ClickAsync("text=all samples by its β");
        await open.HeadingIs("Samples");
        (await open.Page.InnerTextAsync("#explorer .files")).Should().Contain("by β of layer 1 head 2");
        await open.Page.ReloadAsync();
        (await open.Page.InnerTextAsync("#explorer .files")).Should().Contain("by β of layer 1 head 2");
        await open.Page.GoBackAsync();
        (await open.HeadingAsync()).Should().Be("Layer 1 head 2");
        open.Errors.Should().BeEmpty();
    }

    [BrowserTheory]
    [InlineData("head=abc", "No such head")]
    [InlineData("head=1.2.3", "No such head")]
    [InlineData("head=", "No such head")]
    [InlineData("head=.", "No such head")]
    [InlineData("head=1.", "No such head")]
    [InlineData("head=0x1.1", "No such head")]
    [InlineData("head=-1.2", "No such head")]
    [InlineData("sample=", "No such sample")]
    [InlineData("sample=%E0%A4%A", "No such sample")]
    [InlineData("sample=000003&with=none", "000003")]
    [InlineData("sample=000003&look=9.9", "000003")]
    [InlineData("browse=&by=9999.1", "Samples")]
    [InlineData("browse=none&sort=toString", "Samples")]
    [InlineData("object=%E0%A4%A", "No such object")]
    [InlineData("object=__proto__", "No such object")]
    public async Task An_address_typed_by_hand_shows_its_place_or_says_that_there_is_none(string place, string heading)
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        await open.GoAsync(place);

        (await open.HeadingAsync()).Should().Contain(heading);
        if (heading == "No such sample")
        {
            await open.Page.ClickAsync("#explorer a:text('browse')");
            await open.HeadingIs("Samples");
        }

        open.Errors.Should().BeEmpty();
    }

    public static IEnumerable<object[]> Reduced => Reductions.Keys.Select(name => new object[] { name });

    private static readonly Dictionary<string, Func<ReportData>> Reductions = new()
    {
        ["one sample"] = () => MadeUpReport.Of(4, 6, samples: 1, masks: 40),
        ["no validation"] = () => Without<ValidationRow>(MadeUpWhole.Of()),
        ["no trace"] = () => Without<TokenTraceRow>(Without<TextTokenRow>(Without<ImageTokenRow>(MadeUpWhole.Of()))),
        ["no labels"] = () =>
            MadeUpWhole.Of().EachSample(s => s with { Category = "", SuperCategory = "", Style = "" }),
        ["no answers"] = () => MadeUpWhole.Of().EachSample(s => s with { Answer = "", Category = "" }),
        ["one head"] = () => MadeUpReport.Of(1, 1, samples: 8, masks: 40),
        ["many heads"] = () => MadeUpReport.Of(64, 64, samples: 3, masks: 10),
        ["no pictures"] = () => MadeUpWhole.Of().EachSample(s => s with { Thumbnail = null }),
        ["no numbers"] = () =>
            Each<TextTokenRow>(
                Each<ValidationRow>(
                    MadeUpWhole
                        .Of()
                        .EachSample(s =>
                            s.SampleId == "000003" ? s with { Intact = double.NaN, Ablated = double.NaN } : s
                        ),
                    r => r.SampleId == "000003" ? r with { Faithfulness = double.NaN, Completeness = double.NaN } : r
                ),
                r => r.SampleId == "000003" ? r with { Delta = double.NaN } : r
            ),
        ["samples without regression"] = () =>
            MadeUpWhole
                .Of()
                .With(
                    MadeUpWhole.Of().Tables.Rows<AttributionRow>().Where(r => r.SampleId is not ("000000" or "000003"))
                ),
    };

    [BrowserTheory]
    [MemberData(nameof(Reduced))]
    public async Task A_run_that_lacks_a_part_is_shown_without_it(string what)
    {
        ReportData data = Reductions[what]();
        string folder = RunPages.Write(data, what);
        string first = data.Samples[0].SampleId,
            second = data.Samples[^1].SampleId;
        await using OpenPage open = await chromium.OpenAsync(Page(folder));
        foreach (
            string place in new[]
            {
                "browse=",
                "browse=&by=0.0",
                "browse=&sort=picture",
                "head=0.0",
                $"sample={first}",
                "sample=000003",
                $"sample={first}&with={second}",
                "object="
                    + Uri.EscapeDataString(
                        data.Samples[^1].Category.Length > 0 ? data.Samples[^1].Category : data.Samples[^1].Answer
                    ),
            }
        )
        {
            await open.GoAsync(place);
            (await open.HeadingAsync()).Should().NotContain("cannot", place);
            string text = await open.Page.InnerTextAsync("#explorer");
            text.Should().NotContain("NaN", place).And.NotContain("undefined", place).And.NotContain("null", place);
            await open.Page.EvaluateAsync("scrollTo(0, document.body.scrollHeight)");
            await open.Page.WaitForTimeoutAsync(50);
        }

        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Scripts_of_another_report_are_not_taken_for_this_ones()
    {
        var findings = Findings.Of(MadeUpWhole.Of());
        var others = Findings.Of(Renamed(MadeUpWhole.Of(), id => "other " + id));
        var (page, script) = RunPages.WriteWithScript(findings, "a #1 folder & ü");
        string own = await File.ReadAllTextAsync(script);
        await File.WriteAllTextAsync(script, ExplorerFiles.Of(others, bytesInPage: 0)!.Scripts[0].Text);
        await using (OpenPage open = await chromium.OpenAsync(page))
        {
            await open.GoAsync("sample=000003");
            (await open.Page.InnerTextAsync("#explorer")).Should().Contain("belongs to another report");
        }

        await File.WriteAllTextAsync(script, own);
        await using OpenPage whole = await chromium.OpenAsync(page);
        await whole.GoAsync("sample=000003");
        (await whole.HeadingAsync()).Should().EndWith("000003");
        whole.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Of_two_quick_steps_the_last_one_counts_and_the_theme_may_change_on_the_way()
    {
        // The first step waits for its script, and is done with it before this promise is
        const string steps = """
            new Promise(done => {
                new MutationObserver(() => document.head.querySelector('script[src^="explorer/"]')
                    .addEventListener('load', () => setTimeout(done))).observe(document.head, { childList: true });
                addEventListener('hashchange', () => {
                    location.hash = 'head=1.2';
                    document.getElementById('theme').click();
                }, { once: true });
                location.hash = 'sample=000003&with=000007';
            })
            """;
        var (page, _) = RunPages.WriteWithScript(Findings.Of(MadeUpWhole.Of()), "two steps");
        await using OpenPage open = await chromium.OpenAsync(page);

        await open.Page.EvaluateAsync(steps);

        (await open.HeadingAsync()).Should().Be("Layer 1 head 2");
        await open.Page.GoBackAsync();
        await open.HeadingIs("000007");
        (await open.HeadingAsync()).Should().Contain("000003");
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Five_hundred_objects_are_compared_in_a_moment()
    {
        ReportData data = MadeUpReport
            .Of(16, 16, samples: 500, masks: 10)
            .EachSample(s => s with { Category = "object " + s.SampleId });
        string folder = RunPages.Write(data, "objects");
        await using OpenPage open = await chromium.OpenAsync(Page(folder));
        await open.GoAsync("browse=");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await open.GoAsync("object=object 000003");
        (await open.HeadingAsync()).Should().StartWith("object 000003");
        clock.ElapsedMilliseconds.Should().BeLessThan(8000);
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Maps_of_a_dark_page_are_light_on_paper_and_dark_again_after()
    {
        const string map = "document.querySelector('#explorer canvas').toDataURL()";
        await using OpenPage light = await chromium.OpenAsync(RunPages.Whole),
            dark = await chromium.OpenAsync(RunPages.Whole, isDark: true);
        await light.GoAsync("head=1.2");
        await dark.GoAsync("head=1.2");
        string before = await dark.Page.EvaluateAsync<string>(map);

        await dark.Page.EvaluateAsync("dispatchEvent(new Event('beforeprint'))");
        (await dark.Page.EvaluateAsync<string>(map))
            .Should()
            .Be(await light.Page.EvaluateAsync<string>(map))
            .And.NotBe(before);
        await dark.Page.EvaluateAsync("dispatchEvent(new Event('afterprint'))");
        (await dark.Page.EvaluateAsync<string>(map)).Should().Be(before);
    }

    private static ReportData OddNames() =>
        Renamed(MadeUpWhole.Of(), id => OddTexts[Number(id) % OddTexts.Length] + (Number(id) < 12 ? "" : "2"))
            .EachSample(s =>
                s with
                {
                    Category = s.SampleId.TrimEnd('2'),
                    Answer = s.SampleId,
                    Question = s.SampleId,
                    File = s.SampleId,
                    Target = s.SampleId,
                }
            );

    private static int Number(string id) => int.Parse(id, CultureInfo.InvariantCulture);

    /// <summary>The same with other ids of samples in all tables.</summary>
    private static ReportData Renamed(ReportData data, Func<string, string> name)
    {
        ReportData renamed = data with
        {
            Samples = [.. data.Samples.Select(s => s with { SampleId = name(s.SampleId) })],
        };
        return typeof(SampleRow)
            .Assembly.GetTypes()
            .Where(t =>
                t.Name.EndsWith("Row", StringComparison.Ordinal) && t.GetProperty("SampleId") is { CanWrite: true }
            )
            .Aggregate(renamed, (all, row) =>
                (ReportData)
                    typeof(OddPageTests)
                        .GetMethod(nameof(RenamedRows), BindingFlags.NonPublic | BindingFlags.Static)!
                        .MakeGenericMethod(row)
                        .Invoke(null, [all, name])!
            );
    }

    private static ReportData RenamedRows<TRow>(ReportData data, Func<string, string> name)
    {
        IReadOnlyList<TRow> rows = data.Tables.Rows<TRow>();
        MethodInfo copy = typeof(TRow).GetMethod("<Clone>$")
            ?? typeof(object).GetMethod("MemberwiseClone", BindingFlags.NonPublic | BindingFlags.Instance)!;
        PropertyInfo id = typeof(TRow).GetProperty("SampleId")!;
        return rows.Count == 0
            ? data
            : data.With(
                rows.Select(row =>
                {
                    object made = copy.Invoke(row, [])!;
                    id.SetValue(made, name((string)id.GetValue(made)!));
                    return (TRow)made;
                })
            );
    }

    private static ReportData Without<TRow>(ReportData data) => data.With<TRow>([]);

    private static ReportData Each<TRow>(ReportData data, Func<TRow, TRow> change) =>
        data.With(data.Tables.Rows<TRow>().Select(change));

    private static string Page(string folder) => Path.Combine(folder, HtmlReport.PageName);
}
