namespace Pipelines.Stages.Reporting;

/// <summary>
/// The page's script: tips, keys that hide a series, the theme switch, the place in the contents, buttons that save a
/// drawing or copy a text. The page is whole without it.
/// </summary>
internal static class PageScript
{
    /// <summary>The script.</summary>
    public static string Text { get; } = PageFile.Read("Page.js") + PageFile.Read("Save.js");
}
