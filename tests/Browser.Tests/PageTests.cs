using FluentAssertions;
using Xunit;

namespace Pipelines.Browser.Tests;

[Collection(BrowserTests.Name)]
public sealed class PageTests(Chromium chromium)
{
    [BrowserFact]
    public async Task A_page_opened_from_disk_runs_its_script_without_an_error()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);

        await open.Page.ClickAsync("#theme");

        (await open.Page.EvaluateAsync<string>("document.documentElement.dataset.theme")).Should().Be("dark");
        open.Errors.Should().BeEmpty();
    }
}
