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

    /// <summary>
    /// Opens a file in a window of its own; what its script complains of is kept in <see cref="OpenPage.Errors"/>.
    /// </summary>
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

/// <summary>Tests that share one browser, and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<Chromium>
{
    public const string Name = "browser";
}
