using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;

namespace Pipelines.Browser.Tests;

/// <summary>What a browser's processes hold.</summary>
internal static class BrowserMemory
{
    /// <summary>Bytes of the processes that draw pages: their share of what they share (PSS).</summary>
    public static async Task<long> OfPagesAsync(IBrowser browser)
    {
        ICDPSession session = await browser.NewBrowserCDPSessionAsync();
        JsonElement answer = (await session.SendAsync("SystemInfo.getProcessInfo"))!.Value;
        return answer
            .GetProperty("processInfo")
            .EnumerateArray()
            .Where(p => p.GetProperty("type").GetString() == "renderer")
            .Sum(p => ShareOf(p.GetProperty("id").GetInt32()));
    }

    private static long ShareOf(int process)
    {
        string line = File.ReadLines($"/proc/{process}/smaps_rollup")
            .First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
        string kilobytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return 1024 * long.Parse(kilobytes, CultureInfo.InvariantCulture);
    }
}
