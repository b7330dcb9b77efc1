using System.Text;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>What to cite, as BibTeX: the paper of the method, and the run by what makes it again.</summary>
internal static class CiteSection
{
    private const string Paper = """
        @misc{kim2025interpreting,
          title         = {Interpreting Attention Heads for Image-to-Text Information Flow
                           in Large Vision-Language Models},
          author        = {Kim, Jinyeong and Kang, Seil and Park, Jiwoo and Kim, Junhyeok and Hwang, Seong Jae},
          year          = {2025},
          eprint        = {2509.17588},
          archivePrefix = {arXiv},
          primaryClass  = {cs.CV}
        }
        """;

    /// <summary>Both, each with a button that copies it.</summary>
    public static string Of(Findings findings) =>
        Block("cite-paper", "The paper", Paper) + Block("cite-run", "This run", Run(findings));

    /// <summary>The run. It holds no date: the same experiment gives the same page.</summary>
    public static string Run(Findings findings)
    {
        ReportData data = findings.Data;
        string masks = data.Masks > 0 ? $", {SummarySection.Masks(findings)}" : "",
            digest = data.SpecDigest.Length > 0 ? $"; SHA-256 of experiment.yaml: {data.SpecDigest}" : "",
            title = Tex($"{data.Name}: head attribution of {data.Model.Name}"),
            note = Tex($"{data.Model.Family}, {Many(data.Samples.Count, "sample")}{masks}{digest}");
        return $$"""
            @misc{{{Key(data.Name)}},
              title        = {{{title}}},
              howpublished = {Pipelines {{Program}}},
              note         = {{{note}}}
            }
            """;
    }

    private static string Program { get; } =
        typeof(CiteSection).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "";

    private static string Block(string id, string title, string bibtex) =>
        $"<h3>{title} <button type=\"button\" data-copy=\"{id}\">copy</button></h3>\n"
        + $"<pre id=\"{id}\">{EscapeLines(bibtex)}</pre>\n";

    /// <summary>Letters, digits and hyphens: what every BibTeX takes as a key.</summary>
    private static string Key(string name)
    {
        var key = new StringBuilder("run-");
        foreach (char c in name)
        {
            key.Append(char.IsAsciiLetterOrDigit(c) ? c : '-');
        }

        return key.ToString();
    }

    /// <summary>The text with what TeX takes as commands set as letters; braces would end the field.</summary>
    private static string Tex(string text)
    {
        var made = new StringBuilder();
        foreach (char c in text)
        {
            made.Append(
                c switch
                {
                    '{' or '}' => "",
                    '\\' => "/",
                    '%' or '&' or '#' or '_' or '$' => "\\" + c,
                    '~' or '^' => "-",
                    '\u202f' or '\u00a0' or '\n' or '\r' => " ",
                    _ => c.ToString(),
                }
            );
        }

        return made.ToString();
    }
}
