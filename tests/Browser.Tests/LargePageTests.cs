using FluentAssertions;
using Pipelines.Stages.Tests.Reporting;
using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>The page of 200 samples of a 7B model: how heavy it is. How fast is asked by the benchmarks.</summary>
[Collection(BrowserTests.Name)]
public sealed class LargePageTests(Chromium chromium)
{
    private const double Megabyte = 1e6;

    [BrowserFact]
    public async Task A_page_of_the_papers_size_is_light_in_bytes_and_in_the_browsers_memory()
    {
        string page = Path.Combine(RunPages.Write(MadeUpLarge.Of(), "large"), "report.html");
        (new FileInfo(page).Length / Megabyte).Should().BeLessThan(12);

        await using OpenPage open = await chromium.OpenAsync(page);
        foreach (string place in new[] { "browse=", "head=17.5", "sample=000123", "sample=000123&with=000004" })
        {
            await open.GoAsync(place);
        }

        (await open.HeadingAsync()).Should().Contain("000123 and");
        double heap = await open.Page.EvaluateAsync<double>("performance.memory.usedJSHeapSize");
        (heap / Megabyte).Should().BeLessThan(100);
        double whole = (await open.MemoryAsync()) / Megabyte;
        whole.Should().BeLessThan(300);
        open.Errors.Should().BeEmpty();
    }
}
