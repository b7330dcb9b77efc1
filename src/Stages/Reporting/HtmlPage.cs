using System.Text;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// The frame of every page: one self-contained file that needs no network, with contents at the side, light and dark.
/// </summary>
internal static class HtmlPage
{
    /// <summary>A page.</summary>
    /// <param name="title">Of the window.</param>
    /// <param name="over">Small line above the heading.</param>
    /// <param name="heading">Heading.</param>
    /// <param name="under">Line below the heading.</param>
    /// <param name="sections">Parts; those without a body are left out.</param>
    /// <param name="footer">Last line.</param>
    /// <param name="explorer">What follows the page for its script to walk to; empty = nothing.</param>
    public static string Of(
        string title,
        string over,
        string heading,
        string under,
        IEnumerable<PageSection> sections,
        string footer,
        string explorer = ""
    )
    {
        PageSection[] shown = [.. sections.Where(s => s.Body.Length > 0)];
        var page = new StringBuilder();
        page.Append(
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                    + "content=\"width=device-width,initial-scale=1\">\n<title>"
            )
            .Append(Escape(title))
            .Append("</title>\n<style>\n")
            .Append(PageStyle.Css)
            .Append("</style>\n<style id=\"fonts\">\n")
            .Append(PageStyle.Fonts(shown.Select(s => s.Body)))
            .Append("</style>\n</head>\n<body>\n<div class=\"page\">\n<nav aria-label=\"Contents\">\n<ol>\n");
        foreach (PageSection section in shown)
        {
            page.Append("<li><a href=\"#")
                .Append(section.Id)
                .Append("\">")
                .Append(Escape(section.Title))
                .Append("</a>");
            if (section.Figures.Count > 0)
            {
                page.Append("<ol>")
                    .Append(
                        string.Concat(
                            section.Figures.Select(f => $"<li><a href=\"#{f.Name}\">{Escape(f.Title)}</a></li>")
                        )
                    )
                    .Append("</ol>");
            }

            page.Append("</li>\n");
        }

        page.Append(
                "</ol>\n<button id=\"theme\" type=\"button\">light / dark</button>\n</nav>\n<main>\n<header>\n<p "
                    + "class=\"over\">"
            )
            .Append(Escape(over))
            .Append("</p>\n<h1>")
            .Append(Escape(heading))
            .Append("</h1>\n<p class=\"under\">")
            .Append(Escape(under))
            .Append("</p>\n</header>\n");
        foreach (PageSection section in shown)
        {
            page.Append("<section id=\"")
                .Append(section.Id)
                .Append("\">\n<h2>")
                .Append(Escape(section.Title))
                .Append("</h2>\n")
                .Append(section.Body)
                .Append("</section>\n");
        }

        return page.Append("<footer>")
            .Append(Escape(footer))
            .Append("</footer>\n</main>\n</div>\n<div id=\"tip\" hidden></div>\n<script>\n")
            .Append(PageScript.Text)
            .Append("</script>\n")
            .Append(explorer)
            .Append("</body>\n</html>\n")
            .ToString();
    }
}
