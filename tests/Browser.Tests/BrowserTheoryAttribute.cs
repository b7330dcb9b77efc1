using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>A test with rows of data that needs a browser; where there is none it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute()
    {
        Skip = ChromiumProgram.Missing;
    }
}
