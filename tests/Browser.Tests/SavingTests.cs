using System.Buffers.Binary;
using System.Xml.Linq;
using FluentAssertions;
using Microsoft.Playwright;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>What the page's buttons save and copy, from a page on disk.</summary>
[Collection(BrowserTests.Name)]
public sealed class SavingTests(Chromium chromium)
{
    private const string First = "figure#fig3a-heads-needed";

    [BrowserFact]
    public async Task A_saved_SVG_is_whole_alone_light_and_has_its_font()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole, isDark: true);

        string file = await Saved(open.Page, "svg");

        string svg = await File.ReadAllTextAsync(file);
        XElement drawing = XElement.Parse(svg);
        drawing.Name.LocalName.Should().Be("svg");
        svg.Should().Contain("@font-face").And.Contain(Palette.Ink.Light).And.NotContain("url(http");
        svg.Should().NotContain("var(--");
        open.Errors.Should().BeEmpty();

        // Alone it shows what the page shows: the font is there, and the ground is light.
        await using OpenPage alone = await chromium.OpenAsync(file);
        int fonts = await alone.Page.EvaluateAsync<int>(
            "document.fonts.ready.then(fonts => [...fonts].filter(f => f.status === 'loaded').length)"
        );
        fonts.Should().Be(2);
    }

    [BrowserFact]
    public async Task A_saved_PNG_has_three_pixels_for_one_and_shows_the_figure()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole, isDark: true);
        double height = await open.Page.EvaluateAsync<double>(
            $"document.querySelector('{First} .wide svg').viewBox.baseVal.height"
        );

        byte[] png = await File.ReadAllBytesAsync(await Saved(open.Page, "png"));

        Number(png, 16).Should().Be((int)(3 * Drawing.Wide));
        Number(png, 20).Should().Be((int)Math.Round(3 * height));
        png.Length.Should().BeGreaterThan(20_000, "an empty canvas is small");
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Every_figure_can_be_saved_as_PNG_from_disk()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        IReadOnlyList<ILocator> buttons = await open.Page.Locator("[data-save=png]").AllAsync();

        foreach (ILocator button in buttons)
        {
            IDownload saved = await open.Page.RunAndWaitForDownloadAsync(() => button.ClickAsync());
            new FileInfo(await saved.PathAsync()).Length.Should().BeGreaterThan(5_000, saved.SuggestedFilename);
        }

        buttons.Count.Should().BeGreaterThan(20);
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task A_figure_of_several_megabytes_is_saved_whole()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        await open.Page.EvaluateAsync(
            $"document.querySelector('{First} .wide svg').append(new Comment('%'.repeat(5e6)))"
        );

        new FileInfo(await Saved(open.Page, "svg")).Length.Should().BeGreaterThan(5_000_000);
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task A_series_that_is_hidden_on_the_page_is_not_in_the_file()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        const string curves = "figure#fig3a-curves";
        await open.Page.ClickAsync($"{curves} .wide [data-key='1'] text");

        IDownload saved = await open.Page.RunAndWaitForDownloadAsync(() =>
            open.Page.ClickAsync($"{curves} [data-save=svg]")
        );

        XElement drawing = XElement.Load(await saved.PathAsync());
        string[] series =
        [
            .. drawing.Descendants().Select(e => e.Attribute("data-series")?.Value).OfType<string>().Distinct(),
        ];
        series.Should().Contain("0").And.NotContain("1");
    }

    [BrowserFact]
    public async Task The_citation_is_copied_whole()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        foreach (string id in new[] { "cite-paper", "cite-run" })
        {
            await open.Page.ClickAsync($"[data-copy={id}]");

            string selected = await open.Page.EvaluateAsync<string>("getSelection().toString()");
            selected.Trim().Should().Be((await open.Page.TextContentAsync($"#{id}"))!.Trim()).And.StartWith("@misc{");
        }
    }

    private static async Task<string> Saved(IPage page, string kind)
    {
        IDownload saved = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync($"{First} [data-save={kind}]"));
        saved.SuggestedFilename.Should().Be($"fig3a-heads-needed.{kind}");
        string path = Path.Combine(AppContext.BaseDirectory, "pages", saved.SuggestedFilename);
        await saved.SaveAsAsync(path);
        return path;
    }

    private static int Number(byte[] png, int at) => BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
}
