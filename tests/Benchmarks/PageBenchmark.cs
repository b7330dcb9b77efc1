using System.CommandLine;
using Microsoft.Playwright;
using Pipelines.Browser.Tests;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Tests.Reporting;

namespace Pipelines.Benchmarks;

/// <summary>
/// The page of 200 samples of a 7B model in a browser: how soon it is seen, how soon it answers a click, what it holds.
/// </summary>
internal static class PageBenchmark
{
    private const int Clicks = 4;

    /// <summary>A person looks before the first click, and so long the page has for itself.</summary>
    private static readonly TimeSpan Seen = TimeSpan.FromSeconds(0.5);

    /// <summary>From a click on a sample's card to the frame in which its place stands, in milliseconds.</summary>
    private const string Answer = """
        () => new Promise(done => {
            location.hash = '';
            const clicked = performance.now();
            const watch = new MutationObserver(() => {
                if (document.querySelector('#explorer h2')) {
                    watch.disconnect();
                    requestAnimationFrame(() => done(performance.now() - clicked));
                }
            });
            watch.observe(document.body, { subtree: true, childList: true });
            document.querySelector('.cards a').click();
        })
        """;

    private const string FirstPaint =
        "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null";

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        Option<int> rounds = Verb.Number("--rounds", "Times that the page is opened; the middle one is shown.", 5);
        var command = new Command(
            "page",
            "The page of 200 samples of a 7B model in Chromium: bytes, first paint, first click, memory."
        )
        {
            rounds,
        };
        command.SetAction(parsed => RunAsync(parsed.GetValue(rounds)));
        return command;
    }

    private static async Task<int> RunAsync(int rounds)
    {
        if (ChromiumProgram.Path is not { } program)
        {
            throw new InputException(
                "page",
                "wants Chromium, which is not in PATH.",
                $"Install it, or name it in {ChromiumProgram.Variable}."
            );
        }

        string folder = Directory.CreateTempSubdirectory("pipelines-page-").FullName;
        try
        {
            HtmlReport.Write(MadeUpLarge.Of(), folder);
            string page = Path.Combine(folder, HtmlReport.PageName);
            Console.WriteLine(Machine.Now(1));
            Console.WriteLine(Invariant.Text($"page         {new FileInfo(page).Length / 1e6:0.0} MB"));
            using IPlaywright playwright = await Playwright.CreateAsync();
            await using IBrowser browser = await playwright.Chromium.LaunchAsync(
                new() { ExecutablePath = program, Args = ChromiumProgram.Flags }
            );
            var paints = new List<double>();
            var clicks = new List<double>();
            long memory = 0;
            for (int round = 0; round < rounds; round++)
            {
                IPage opened = await browser.NewPageAsync();
                await opened.GotoAsync(new Uri(page).AbsoluteUri);
                paints.Add(await opened.EvaluateAsync<double?>(FirstPaint) ?? double.NaN);
                await Task.Delay(Seen);
                clicks.Add(await opened.EvaluateAsync<double>(Answer));
                for (int more = 0; more < Clicks; more++)
                {
                    await opened.EvaluateAsync("n => location.hash = '#head=' + n + '.' + n", 10 + more);
                    await opened.Locator("#explorer .chart").First.WaitForAsync();
                }

                memory = Math.Max(memory, await BrowserMemory.OfPagesAsync(browser));
                await opened.CloseAsync();
            }

            Console.WriteLine(Invariant.Text($"first paint  {Middle(paints):0} ms"));
            Console.WriteLine(
                Invariant.Text(
                    $"first click  {Middle(clicks):0} ms, to the frame that answers it ({clicks.Min():0} at least)"
                )
            );
            Console.WriteLine(Invariant.Text($"memory       {memory / 1e6:0} MB of the drawing processes (PSS)"));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Middle(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
