using Microsoft.Playwright;
using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>
/// The machine's own Chromium, without a window: pages are opened from disk, as people open them. Playwright's package
/// drives it and downloads nothing.
/// </summary>
public sealed class Chromium : IAsyncLifetime
{
    private const float Patience = 180_000; // milliseconds: other tests run beside these

    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions { ExecutablePath = ChromiumProgram.Path, Args = ChromiumProgram.Flags }
        );
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.CloseAsync();
        }

        playwright?.Dispose();
    }

    /// <summary>Opens a file in a window of its own; an error of its script fails the test that closes it.</summary>
    /// <param name="file">Path of a page.</param>
    /// <param name="width">Of the window.</param>
    /// <param name="height">Of the window.</param>
    /// <param name="isDark">True: the reader prefers dark pages.</param>
    /// <param name="hasScript">False: scripts are off.</param>
    public async Task<OpenPage> OpenAsync(
        string file,
        int width = 1280,
        int height = 900,
        bool isDark = false,
        bool hasScript = true
    )
    {
        IBrowserContext context = await browser!.NewContextAsync(
            new BrowserNewContextOptions
            {
                ViewportSize = new ViewportSize { Width = width, Height = height },
                ColorScheme = isDark ? ColorScheme.Dark : ColorScheme.Light,
                JavaScriptEnabled = hasScript,
                AcceptDownloads = true,
            }
        );
        context.SetDefaultTimeout(Patience);
        var open = new OpenPage(context, await context.NewPageAsync());
        await open.Page.GotoAsync(new Uri(Path.GetFullPath(file)).AbsoluteUri);
        return open;
    }
}

/// <summary>A page in a window of its own.</summary>
public sealed class OpenPage : IAsyncDisposable
{
    private readonly IBrowserContext context;
    private readonly List<string> errors = [];

    internal OpenPage(IBrowserContext context, IPage page)
    {
        (this.context, Page) = (context, page);
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                errors.Add(message.Text);
            }
        };
    }

    /// <summary>What Playwright does with it.</summary>
    public IPage Page { get; }

    /// <summary>What its script and the browser complained of.</summary>
    public IReadOnlyList<string> Errors => errors;

    /// <summary>Bytes that the processes which draw pages hold.</summary>
    public Task<long> MemoryAsync() => BrowserMemory.OfPagesAsync(context.Browser!);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await context.CloseAsync();
}

/// <summary>A test that needs a browser; where there is none it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        Skip = ChromiumProgram.Path is null ? $"no Chromium: neither in PATH nor in {ChromiumProgram.Variable}" : null;
    }
}

/// <summary>The same with rows of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute()
    {
        Skip = ChromiumProgram.Path is null ? $"no Chromium: neither in PATH nor in {ChromiumProgram.Variable}" : null;
    }
}

/// <summary>Tests that share one browser, and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<Chromium>
{
    public const string Name = "browser";
}
