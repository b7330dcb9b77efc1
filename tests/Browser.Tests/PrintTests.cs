using System.Text;
using System.Text.RegularExpressions;
using FluentAssertions;
using Microsoft.Playwright;
using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>The page on paper.</summary>
[Collection(BrowserTests.Name)]
public sealed partial class PrintTests(Chromium chromium)
{
    private const int MostOfQuickstart = 15;

    private const string Light = "rgb(255, 255, 255)";

    /// <summary>The page of a run of the quickstart, which another step has made.</summary>
    [QuickstartTheory]
    [InlineData("A4")]
    [InlineData("Letter")]
    public async Task The_quickstart_fits_fifteen_pages(string paper)
    {
        await using OpenPage open = await chromium.OpenAsync(QuickstartTheoryAttribute.PagePath!);

        byte[] pdf = await Printed(open.Page, paper, "quickstart");

        Pages(pdf).Should().BeLessThanOrEqualTo(MostOfQuickstart);
    }

    [BrowserTheory]
    [InlineData("A4")]
    [InlineData("Letter")]
    public async Task A_page_with_every_figure_takes_less_than_a_sheet_for_each(string paper)
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        int figures = await open.Page.Locator("figure").CountAsync();

        byte[] pdf = await Printed(open.Page, paper, "whole");

        figures.Should().BeGreaterThan(20);
        Pages(pdf).Should().BeLessThan(figures);
    }

    [BrowserFact]
    public async Task On_paper_a_dark_page_is_light_and_what_is_folded_stays_so()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole, isDark: true);
        await open.Page.ClickAsync("#theme");
        await open.Page.ClickAsync("#theme");
        await open.Page.EmulateMediaAsync(new PageEmulateMediaOptions { Media = Media.Print });

        (await Style(open.Page, "body", "backgroundColor")).Should().Be(Light);
        (await Style(open.Page, ".bar", "printColorAdjust")).Should().Be("exact");
        (await Style(open.Page, "figure", "breakInside")).Should().Be("avoid");
        (await Style(open.Page, "nav", "display")).Should().Be("none");
        (await Style(open.Page, ".files", "display")).Should().Be("none");
        ILocator folded = open.Page.Locator("details:not([open]) > :not(summary)");
        (await folded.CountAsync()).Should().BePositive();
        foreach (ILocator one in await folded.AllAsync())
        {
            (await one.IsVisibleAsync()).Should().BeFalse();
        }

        open.Errors.Should().BeEmpty();
    }

    /// <summary>The browser fixes the pages before a script could open anything: style alone has to do it.</summary>
    [BrowserTheory]
    [InlineData(640)]
    [InlineData(793)]
    public async Task Paper_has_the_wide_figures_whole_and_without_a_script(int width)
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole, width, hasScript: false);
        await open.Page.EmulateMediaAsync(new PageEmulateMediaOptions { Media = Media.Print });

        foreach (ILocator figure in await open.Page.Locator("figure").AllAsync())
        {
            (await figure.Locator(".wide svg").IsVisibleAsync()).Should().BeTrue();
            (await figure.Locator(".narrow svg").IsVisibleAsync()).Should().BeFalse();
            (await figure.Locator("figcaption").IsVisibleAsync()).Should().BeTrue();
            (await figure.Locator(".shows").IsVisibleAsync()).Should().BeTrue();
            LocatorBoundingBoxResult box = (await figure.Locator(".wide svg").BoundingBoxAsync())!;
            (box.X + box.Width).Should().BeLessThanOrEqualTo(width + 1);
        }

        (await open.Page.IsVisibleAsync(".headline")).Should().BeTrue();
    }

    private static async Task<byte[]> Printed(IPage page, string paper, string name)
    {
        // Beside the tests, so that a person can look at it
        string path = Path.Combine(AppContext.BaseDirectory, "pages", $"{name}-{paper}.pdf");
        return await page.PdfAsync(
            new PagePdfOptions
            {
                Format = paper,
                PreferCSSPageSize = false,
                Path = path,
            }
        );
    }

    private static int Pages(byte[] pdf) => PageObject().Count(Encoding.Latin1.GetString(pdf));

    private static Task<string> Style(IPage page, string selector, string property) =>
        page.EvaluateAsync<string>($"getComputedStyle(document.querySelector('{selector}')).{property}");

    [GeneratedRegex(@"/Type\s*/Page\b(?!s)")]
    private static partial Regex PageObject();
}
