using Microsoft.Playwright;

namespace Pipelines.Browser.Tests;

/// <summary>A page in a window of its own.</summary>
public sealed class OpenPage : IAsyncDisposable
{
    /// <summary>
    /// A place that is drawn replaces the children of the one before; one that is there already is not drawn again.
    /// </summary>
    private const string Going = """
        place => new Promise(done => {
            const there = location.hash;
            const explorer = document.getElementById('explorer');
            const seen = new MutationObserver(() => {
                seen.disconnect();
                done();
            });
            seen.observe(explorer, { childList: true });
            location.hash = place;
            if (location.hash === there && explorer.querySelector('h2')) {
                seen.disconnect();
                done();
            }
        })
        """;

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

    /// <summary>Goes to a place of the explorer and waits until it stands there.</summary>
    /// <param name="place">The address behind the <c>#</c>, as in <c>head=17.5</c>.</param>
    public Task GoAsync(string place) => Page.EvaluateAsync(Going, place);

    /// <summary>Waits until the explorer's heading has a text, as in <c>Layer 3 head 1</c>.</summary>
    public Task HeadingIs(string text) => Page.Locator("#explorer h2", new() { HasTextString = text }).WaitForAsync();

    /// <summary>The explorer's heading.</summary>
    public Task<string> HeadingAsync() => Page.InnerTextAsync("#explorer h2");

    /// <summary>Bytes that the processes which draw pages hold.</summary>
    public Task<long> MemoryAsync() => BrowserMemory.OfPagesAsync(context.Browser!);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await context.CloseAsync();
}
