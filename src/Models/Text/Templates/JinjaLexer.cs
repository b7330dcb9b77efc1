using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Pipelines.Models.Text.Templates;

/// <summary>What a token of a template is.</summary>
public enum TokenKind
{
    /// <summary>Text outside all tags.</summary>
    Data,

    /// <summary><c>{%</c></summary>
    BlockBegin,

    /// <summary><c>%}</c></summary>
    BlockEnd,

    /// <summary><c>{{</c></summary>
    PrintBegin,

    /// <summary><c>}}</c></summary>
    PrintEnd,

    /// <summary>A name or a word of the language.</summary>
    Name,

    /// <summary>A string literal, escapes resolved.</summary>
    Text,

    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>A number with a fraction or an exponent.</summary>
    Number,

    /// <summary>An operator or bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A token of a template.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">Its text; of a string literal, the value.</param>
/// <param name="Line">Line, from 1.</param>
public sealed record Token(TokenKind Kind, string Text, int Line)
{
    /// <summary>Whether it is this operator.</summary>
    public bool Is(string text) => Kind == TokenKind.Operator && Text == text;

    /// <summary>Whether it is this word.</summary>
    public bool IsWord(string word) => Kind == TokenKind.Name && Text == word;
}

/// <summary>
/// Cuts a template into tokens as Jinja2 3.1 does in the environment of transformers: <c>trim_blocks</c> (the line feed
/// after a block goes) and <c>lstrip_blocks</c> (blanks before a block at the start of a
/// line go), <c>-</c> and <c>+</c> at tags, one line feed at the end of the file dropped.
/// </summary>
internal sealed partial class JinjaLexer
{
    private const int MostCharacters = 1 << 20;

    private static readonly string[] Operators =
    [
        "//",
        "**",
        "==",
        "!=",
        ">=",
        "<=",
        "+",
        "-",
        "/",
        "*",
        "%",
        "~",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ">",
        "<",
        "=",
        ".",
        ":",
        "|",
        ",",
        ";",
    ];

    private readonly string source;
    private readonly List<Token> tokens = [];
    private int at;
    private int line = 1;
    private int lineCountedTo;
    private bool lineStarts = true;

    private JinjaLexer(string source) => this.source = source;

    /// <summary>The tokens of a template; the last is <see cref="TokenKind.End"/>.</summary>
    /// <exception cref="JinjaException">An unclosed tag, string or bracket; a character that is no part of the
    /// language; a template of more than 1 Mi characters.</exception>
    public static IReadOnlyList<Token> Read(string template)
    {
        if (template.Length > MostCharacters)
        {
            throw new JinjaException(
                1,
                $"the template has {template.Length:N0} characters, more than any chat template"
            );
        }

        string normal = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new JinjaLexer(normal.EndsWith('\n') ? normal[..^1] : normal);
        lexer.Run();
        return lexer.tokens;
    }

    private void Run()
    {
        while (NextTag() is { } tag)
        {
            char kind = source[tag + 1];
            char sign = tag + 2 < source.Length && source[tag + 2] is '-' or '+' ? source[tag + 2] : ' ';
            Data(at, tag, sign, stripsLine: kind != '{');
            at = tag;
            if (kind == '#')
            {
                Comment(sign);
            }
            else if (kind == '%' && RawBegin().Match(source, at) is { Success: true } raw)
            {
                Raw(raw);
            }
            else
            {
                Tag(kind, sign);
            }
        }

        Data(at, source.Length, '+', stripsLine: false);
        at = source.Length;
        tokens.Add(new Token(TokenKind.End, "", LineAt(at)));
    }

    /// <summary>Where the next tag opens, or null.</summary>
    private int? NextTag()
    {
        for (int i = source.IndexOf('{', at); i >= 0 && i + 1 < source.Length; i = source.IndexOf('{', i + 1))
        {
            if (source[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }

        return null;
    }

    private void Data(int start, int end, char sign, bool stripsLine)
    {
        int stop = end;
        if (sign == '-')
        {
            while (stop > start && PythonText.IsSpace(source[stop - 1]))
            {
                stop--;
            }
        }
        else if (sign != '+' && stripsLine)
        {
            int lineStart = end > start ? source.LastIndexOf('\n', end - 1, end - start) + 1 : 0;
            if (lineStart > 0 || lineStarts)
            {
                int from = Math.Max(lineStart, start);
                if (source.AsSpan(from, end - from).ToArray().All(PythonText.IsSpace))
                {
                    stop = from;
                }
            }
        }

        if (stop > start)
        {
            tokens.Add(new Token(TokenKind.Data, source[start..stop], LineAt(start)));
        }
    }

    private void Comment(char sign)
    {
        int body = at + (sign == ' ' ? 2 : 3);
        int end = body <= source.Length ? source.IndexOf("#}", body, StringComparison.Ordinal) : -1;
        if (end < 0)
        {
            throw new JinjaException(LineAt(at), "a comment is not closed by '#}'");
        }

        at = end + 2;
        AfterEnd(end > body ? source[end - 1] : ' ', trims: true);
    }

    private void Raw(Match begin)
    {
        int body = begin.Index + begin.Length;
        lineStarts = begin.Value.EndsWith('\n');
        Match end = RawEnd().Match(source, body);
        if (!end.Success)
        {
            throw new JinjaException(LineAt(at), "'raw' is not closed by 'endraw'");
        }

        Data(body, end.Index, end.Groups[1].Value is [char sign] ? sign : ' ', stripsLine: true);
        at = end.Index + end.Length;
        lineStarts = end.Value.EndsWith('\n');
    }

    /// <summary>What follows the closing of a tag: <c>-</c> takes all blanks, a block its line feed.</summary>
    private void AfterEnd(char sign, bool trims)
    {
        int start = at;
        if (sign == '-')
        {
            while (at < source.Length && PythonText.IsSpace(source[at]))
            {
                at++;
            }
        }
        else if (sign != '+' && trims && at < source.Length && source[at] == '\n')
        {
            at++;
        }

        lineStarts = at > start && source[at - 1] == '\n';
    }

    private void Tag(char kind, char sign)
    {
        int opened = LineAt(at);
        (TokenKind begin, TokenKind end, string close) =
            kind == '%'
                ? (TokenKind.BlockBegin, TokenKind.BlockEnd, "%}")
                : (TokenKind.PrintBegin, TokenKind.PrintEnd, "}}");
        tokens.Add(new Token(begin, source.Substring(at, 2), opened));
        at += sign == ' ' ? 2 : 3;
        var brackets = new Stack<char>();
        while (true)
        {
            while (at < source.Length && PythonText.IsSpace(source[at]))
            {
                at++;
            }

            if (at >= source.Length)
            {
                throw new JinjaException(opened, $"a tag is not closed by '{close}'");
            }

            char closing = source[at] is '-' or '+' ? source[at] : ' ';
            bool plusHere = closing != '+' || kind == '%';
            if (
                brackets.Count == 0
                && plusHere
                && string.CompareOrdinal(source, at + (closing == ' ' ? 0 : 1), close, 0, 2) == 0
            )
            {
                tokens.Add(new Token(end, close, LineAt(at)));
                at += closing == ' ' ? 2 : 3;
                AfterEnd(closing, trims: kind == '%');
                return;
            }

            Inside(brackets);
        }
    }

    private void Inside(Stack<char> brackets)
    {
        int here = LineAt(at);
        if (Number().Match(source, at) is { Success: true } number && (at == 0 || source[at - 1] != '.'))
        {
            Add(TokenKind.Number, number.Value, number.Length);
        }
        else if (Whole().Match(source, at) is { Success: true } whole)
        {
            Add(TokenKind.Whole, whole.Value, whole.Length);
        }
        else if (Word().Match(source, at) is { Success: true } word)
        {
            if (!char.IsLetter(word.Value[0]) && word.Value[0] != '_')
            {
                throw new JinjaException(here, $"'{word.Value}' is no name");
            }

            Add(TokenKind.Name, word.Value, word.Length);
        }
        else if (source[at] is '\'' or '"')
        {
            int end = at + 1;
            while (end < source.Length && source[end] != source[at])
            {
                end += source[end] == '\\' ? 2 : 1;
            }

            if (end >= source.Length)
            {
                throw new JinjaException(here, "a string is not closed");
            }

            Add(TokenKind.Text, Unescaped(source[(at + 1)..end], here), end + 1 - at);
        }
        else
        {
            string text =
                Array.Find(Operators, o => string.CompareOrdinal(source, at, o, 0, o.Length) == 0)
                ?? throw new JinjaException(here, $"unexpected character '{source[at]}'");
            Balance(text[0], brackets, here);
            Add(TokenKind.Operator, text, text.Length);
        }

        void Add(TokenKind kind, string text, int length)
        {
            tokens.Add(new Token(kind, text, here));
            at += length;
        }
    }

    private static void Balance(char bracket, Stack<char> brackets, int line)
    {
        switch (bracket)
        {
            case '(' or '[' or '{':
                brackets.Push(
                    bracket switch
                    {
                        '(' => ')',
                        '[' => ']',
                        _ => '}',
                    }
                );
                break;
            case ')' or ']' or '}' when brackets.Count == 0 || brackets.Pop() != bracket:
                throw new JinjaException(line, $"unexpected '{bracket}'");
        }
    }

    /// <summary>Python's unicode-escape: an unknown escape stays as it is written.</summary>
    private static string Unescaped(string literal, int line)
    {
        if (!literal.Contains('\\', StringComparison.Ordinal))
        {
            return literal;
        }

        var text = new StringBuilder(literal.Length);
        for (int i = 0; i < literal.Length; i++)
        {
            if (literal[i] != '\\')
            {
                text.Append(literal[i]);
                continue;
            }

            char next = literal[++i];
            switch (next)
            {
                case '\n':
                    break;
                case '\\' or '\'' or '"':
                    text.Append(next);
                    break;
                case 'a':
                    text.Append('\a');
                    break;
                case 'b':
                    text.Append('\b');
                    break;
                case 'f':
                    text.Append('\f');
                    break;
                case 'n':
                    text.Append('\n');
                    break;
                case 'r':
                    text.Append('\r');
                    break;
                case 't':
                    text.Append('\t');
                    break;
                case 'v':
                    text.Append('\v');
                    break;
                case 'x':
                    text.Append(Hexadecimal(2));
                    break;
                case 'u':
                    text.Append(Hexadecimal(4));
                    break;
                case 'U':
                    text.Append(Hexadecimal(8));
                    break;
                case 'N':
                    throw new JinjaException(line, @"the escape \N in a string is not supported", unsupported: true);
                case >= '0' and <= '7':
                    int value = 0,
                        digits = 0;
                    while (digits < 3 && i < literal.Length && literal[i] is >= '0' and <= '7')
                    {
                        value = (value * 8) + (literal[i++] - '0');
                        digits++;
                    }

                    i--;
                    text.Append((char)value);
                    break;
                case > '\x7f':
                    throw new JinjaException(
                        line,
                        @$"the escape \{next} in a string is not supported",
                        unsupported: true
                    );
                default:
                    text.Append('\\').Append(next);
                    break;
            }

            string Hexadecimal(int length)
            {
                string digits = i + length < literal.Length ? literal.Substring(i + 1, length) : "";
                if (
                    digits.Length == 0
                    || !int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                    || code is < 0 or > 0x10FFFF
                )
                {
                    throw new JinjaException(line, $"the escape \\{next} in a string lacks its digits");
                }

                i += length;
                if (code is >= 0xD800 and <= 0xDFFF)
                {
                    throw new JinjaException(
                        line,
                        @"half of a surrogate pair in a string is not supported",
                        unsupported: true
                    );
                }

                return char.ConvertFromUtf32(code);
            }
        }

        return text.ToString();
    }

    /// <summary>The line of a position; positions are asked for in rising order, but for a few steps back.</summary>
    private int LineAt(int position)
    {
        if (position < lineCountedTo)
        {
            line -= source.AsSpan(position, lineCountedTo - position).Count('\n');
        }
        else
        {
            line += source.AsSpan(lineCountedTo, position - lineCountedTo).Count('\n');
        }

        lineCountedTo = position;
        return line;
    }

    [GeneratedRegex(@"\G\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})")]
    private static partial Regex RawBegin();

    [GeneratedRegex(@"\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)")]
    private static partial Regex RawEnd();

    [GeneratedRegex(
        @"\G(?:[0-9]+_)*[0-9]+(?:(?:\.(?:[0-9]+_)*[0-9]+)?[eE][+-]?(?:[0-9]+_)*[0-9]+|\.(?:[0-9]+_)*[0-9]+)"
    )]
    private static partial Regex Number();

    [GeneratedRegex(@"\G(?:0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?[0-9])*|0(?:_?0)*)")]
    private static partial Regex Whole();

    [GeneratedRegex(@"\G\w+")]
    private static partial Regex Word();
}
