using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>A test of the quickstart's page; where nobody has run the quickstart it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class QuickstartTheoryAttribute : TheoryAttribute
{
    /// <summary>A variable of the environment that names the page.</summary>
    public const string Variable = "QUICKSTART_PAGE";

    /// <summary>The page; null where there is none.</summary>
    public static string? PagePath { get; } =
        new[] { Environment.GetEnvironmentVariable(Variable) ?? "", InRepository() }.FirstOrDefault(File.Exists);

    public QuickstartTheoryAttribute()
    {
        Skip = ChromiumProgram.Missing
            ?? (
                PagePath is null
                    ? $"no page of the quickstart: run experiments/quickstart.yaml, or name one in {Variable}"
                    : null
            );
    }

    private static string InRepository()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Pipelines.sln")))
            {
                return Path.Combine(at.FullName, "artifacts", "runs", "quickstart", "report.html");
            }
        }

        return "";
    }
}
