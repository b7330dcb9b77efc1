using FluentAssertions;
using Microsoft.Playwright;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tests.Reporting;
using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>Cells and dots of the explorer's drawings: where they stand, what they say, where they lead.</summary>
[Collection(BrowserTests.Name)]
public sealed class ExplorerMarksTests(Chromium chromium)
{
    private const int OddSide = 35; // finer than a page shows: cells of two tokens, and the last of one

    [BrowserFact]
    public async Task Keys_among_the_dots_of_a_head_show_the_tip_of_the_one_that_Enter_opens()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        await open.GoAsync("head=1.2");
        ILocator dots = open.Page.Locator("#explorer .chart a:has(circle)");
        await dots.First.FocusAsync();

        await open.Page.Keyboard.PressAsync("ArrowRight");
        await open.Page.Keyboard.PressAsync("ArrowDown");
        await open.Page.Keyboard.PressAsync("ArrowLeft");

        string tip = await open.Page.InnerTextAsync("#tip"),
            told = (await dots.Nth(1).Locator("circle").GetAttributeAsync("data-tip"))!,
            address = (await dots.Nth(1).GetAttributeAsync("href"))!;
        tip.Should().Be(told);
        await open.Page.Keyboard.PressAsync("Enter");
        await open.HeadingIs(address["#sample=".Length..]);
        open.Page.Url.Should().EndWith(address);
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Cells_of_an_odd_grid_of_tokens_stand_where_their_tokens_are_and_say_which_these_are()
    {
        const string inks = """
            canvas => {
                const pen = canvas.getContext('2d'), y = Math.round(0.1 * canvas.height);
                return [0.2, 33.5 / 35, 34.5 / 35].map(x =>
                    pen.getImageData(Math.floor(x * canvas.width), y, 1, 1).data.join());
            }
            """;
        await using OpenPage open = await chromium.OpenAsync(
            RunPages.WriteWithScript(Findings.Of(OddGrid()), "odd grid").Page
        );
        await open.GoAsync("sample=000003");
        ILocator map = open.Page.Locator("#explorer .overlay canvas");
        await map.WaitForAsync();

        string[] colours = await map.EvaluateAsync<string[]>(inks);
        colours[1].Should().Be(colours[0], "there the tokens have no attention");
        colours[2].Should().NotBe(colours[0], "those of the last column have");
        (await Tip(open, map, 33.5, 1)).Should().Be("rows 0 to 1, columns 32 to 33\nmean of 2 × 2 tokens\n" + W(0));
        (await Tip(open, map, 34.5, 1)).Should().Be("rows 0 to 1, column 34\nmean of 2 × 1 tokens\n" + W(0.5));
        (await Tip(open, map, 34.5, 34.5)).Should().Be("row 34, column 34\n" + W(0.5));
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task A_cell_of_one_token_is_told_as_that_token()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        await open.GoAsync("sample=000003");
        ILocator map = open.Page.Locator("#explorer .overlay canvas");
        await map.FocusAsync();

        await open.Page.Keyboard.PressAsync("ArrowDown");
        await open.Page.Keyboard.PressAsync("ArrowRight");

        (await open.Page.InnerTextAsync("#tip"))
            .Should()
            .StartWith("row 1, column 1\nweighted attention w = 0.00")
            .And.NotContain("-", "minus signs are true ones");
        open.Errors.Should().BeEmpty();
    }

    private static string W(double value) => "weighted attention w = " + Format.Fixed(value, 3);

    /// <summary>What the map says at a place in tokens.</summary>
    private static async Task<string> Tip(OpenPage open, ILocator map, double column, double row)
    {
        var box = (await map.BoundingBoxAsync())!;
        await map.HoverAsync(
            new()
            {
                Position = new() { X = (float)(column / OddSide * box.Width), Y = (float)(row / OddSide * box.Height) },
            }
        );
        return await open.Page.InnerTextAsync("#tip");
    }

    /// <summary>A sample whose picture is of 35 x 35 tokens, with attention to the last column alone.</summary>
    private static ReportData OddGrid()
    {
        const string id = "000003";
        ReportData data = MadeUpWhole.Of();
        ReportTables tables = data.Tables;
        return data.With(
                tables
                    .Rows<TokenTraceRow>()
                    .Select(r => r.SampleId == id ? r with { GridRows = OddSide, GridColumns = OddSide } : r)
            )
            .With(tables.Rows<HeadAttentionRow>().Where(r => r.SampleId != id))
            .With(
                tables
                    .Rows<ImageTokenRow>()
                    .Where(r => r.SampleId != id)
                    .Concat(
                        Enumerable
                            .Range(0, OddSide * OddSide)
                            .Select(j => new ImageTokenRow(
                                id,
                                j,
                                j / OddSide,
                                j % OddSide,
                                j % OddSide == OddSide - 1 ? 0.5 : 0,
                                Beta: null
                            ))
                    )
            );
    }
}
