using Pipelines.Stages.Reporting;
using Pipelines.Stages.Reporting.Explorer;
using Pipelines.Stages.Tests.Reporting;

namespace Pipelines.Browser.Tests;

/// <summary>Pages of made-up runs with the files beside them, written once for all tests.</summary>
internal static class RunPages
{
    private static readonly Lazy<string> WholeFolder = new(() => Write(MadeUpWhole.Of(), "whole"));

    /// <summary>Folder of a small run that has every figure.</summary>
    public static string Folder => WholeFolder.Value;

    /// <summary>Its page.</summary>
    public static string Whole => Path.Combine(Folder, HtmlReport.PageName);

    /// <summary>Writes a page alone whose samples all lie in a script beside it.</summary>
    /// <param name="findings">Of few samples: one script holds them.</param>
    /// <param name="name">Of its folder.</param>
    public static (string Page, string Script) WriteWithScript(Findings findings, string name)
    {
        ExplorerFiles files = ExplorerFiles.Of(findings, bytesInPage: 0)!;
        var (path, text) = files.Scripts.Single();
        string folder = Path.Combine(AppContext.BaseDirectory, "pages", name),
            page = Path.Combine(folder, HtmlReport.PageName),
            script = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(script)!);
        File.WriteAllText(script, text);
        File.WriteAllText(page, HtmlReport.Page(findings, [], files));
        return (page, script);
    }

    /// <summary>Writes the page of a run; it stays beside the tests, so that a person can look at it.</summary>
    public static string Write(ReportData data, string name)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "pages", name);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        HtmlReport.Write(data, folder);
        return folder;
    }
}
