namespace Pipelines.Stages.Reporting;

/// <summary>The page's style sheet. Colours are the palette's variables.</summary>
internal static class PageStyle
{
    private static readonly string Rules = PageFile.Read("Page.css") + PageFile.Read("Claims.css");

    /// <summary>The sheet.</summary>
    public static string Css => Palette.Css() + Rules;
}
