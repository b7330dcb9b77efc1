using Pipelines.Stages.Reporting.Explorer;

namespace Pipelines.Stages.Reporting;

/// <summary>The page's style sheet. Colours are the palette's variables.</summary>
internal static class PageStyle
{
    private static readonly string Rules =
        PageFile.Read("Page.css") + PageFile.Read("Claims.css") + ExplorerSection.Css + PageFile.Read("Print.css");

    /// <summary>What a drawing's script may write, beside what stands in the page.</summary>
    private static readonly string Printable = string.Concat(Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c));

    /// <summary>The sheet.</summary>
    public static string Css => Palette.Css() + Rules;

    /// <summary>The rules that carry the font of the drawings, with the characters of a page.</summary>
    public static string Fonts(IEnumerable<string> bodies)
    {
        string text = string.Concat(FigureFont.Characters([.. bodies, Printable]).Select(char.ConvertFromUtf32));
        return FigureFont.Rules([(text, false), (text, true)]);
    }
}
