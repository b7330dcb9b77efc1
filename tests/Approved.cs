using System.Text.RegularExpressions;
using FluentAssertions;

namespace Pipelines.Tests;

/// <summary>
/// Holds a whole text against a file that somebody looked at and accepted: what one did not think of testing does not
/// change unseen. With <c>ACCEPT=1</c> in the environment what is found becomes what is accepted.
/// </summary>
internal sealed partial class Approved
{
    private const string Ending = ".approved.txt",
        Received = ".received.txt";

    private readonly string folder;

    /// <summary>The texts of a folder.</summary>
    /// <param name="root">Folder of the repository.</param>
    /// <param name="folder">From there, with '/'.</param>
    public Approved(string root, string folder) => this.folder = Path.Combine(root, folder);

    private static bool Accepts => Environment.GetEnvironmentVariable("ACCEPT") == "1";

    /// <summary>Names of the texts that were accepted.</summary>
    public IEnumerable<string> Names =>
        Directory.EnumerateFiles(folder, "*" + Ending).Select(f => Path.GetFileName(f)[..^Ending.Length]);

    /// <summary>Fails where the text is not, character by character, the one that was accepted.</summary>
    public void Hold(string name, string text)
    {
        string accepted = Path.Combine(folder, name + Ending),
            received = Path.Combine(folder, name + Received);
        if (Accepts)
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(accepted, text);
        }

        string before = File.Exists(accepted) ? File.ReadAllText(accepted) : "";
        if (before == text)
        {
            File.Delete(received);
            return;
        }

        // Beside the other one, for a tool that shows two files side by side
        File.WriteAllText(received, text);
        string[] one = before.Split('\n'),
            other = text.Split('\n');
        int line = Enumerable.Range(0, one.Length + 1).First(i => At(one, i) != At(other, i));
        At(other, line)
            .Should()
            .Be(
                At(one, line),
                "{0} line {1} is not what was accepted; compare it with {2}, and if it is better, "
                    + "run this test with ACCEPT=1",
                accepted,
                line + 1,
                received
            );
    }

    /// <summary>The text with its pictures as their lengths alone: nobody reads them.</summary>
    public static string WithoutPictures(string text) =>
        Pictures().Replace(text, m => $"base64,({m.Length} characters)");

    /// <summary>A page without its drawings, which are held on their own.</summary>
    public static string WithoutDrawings(string page) => Drawings().Replace(WithoutPictures(page), "<svg/>");

    private static string? At(string[] lines, int i) => i < lines.Length ? lines[i] : null;

    [GeneratedRegex("base64,[A-Za-z0-9+/=]{64,}")]
    private static partial Regex Pictures();

    [GeneratedRegex("<svg.*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Drawings();
}
