namespace Pipelines.Stages.Reporting;

/// <summary>The page's style sheet. Colours are the palette's variables.</summary>
internal static class PageStyle
{
    /// <summary>The sheet.</summary>
    public static string Css => Palette.Css() + Rules;

    private const string Rules = """
        *{box-sizing:border-box}
        html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Arial,sans-serif}
        a{color:var(--c1);text-underline-offset:2px}
        .page{display:grid;grid-template-columns:190px minmax(0,760px);gap:56px;max-width:1070px;margin:0 auto;padding:32px 24px 80px}
        nav{position:sticky;top:24px;align-self:start;font-size:14px;max-height:calc(100vh - 48px);overflow:auto}
        nav ol{list-style:none;margin:0;padding:0;border-left:1px solid var(--rule)}
        nav li a{display:block;padding:3px 0 3px 14px;margin-left:-1px;border-left:2px solid transparent;color:var(--muted);text-decoration:none}
        nav li li a{padding-left:26px;font-size:13px}
        nav li ol{border-left:0}
        nav a:hover,nav a.here{color:var(--ink);border-left-color:var(--c1)}
        #theme{margin:16px 0 0;padding:3px 10px;font:inherit;font-size:13px;color:var(--muted);background:none;border:1px solid var(--rule);border-radius:6px;cursor:pointer}
        h1{font-size:32px;line-height:1.15;letter-spacing:-.015em;margin:0;overflow-wrap:anywhere}
        h2{font-size:23px;letter-spacing:-.01em;margin:64px 0 12px;padding-top:14px;border-top:1px solid var(--rule)}
        h3{font-size:17px;margin:0 0 4px}
        .scroll+h3,.cards+h3,.files+h3,details+h3{margin-top:32px}
        header+section h2{margin-top:28px}
        p{margin:0 0 12px}
        .over{font-size:13px;color:var(--muted);margin:0 0 6px}
        .under{color:var(--muted);margin:6px 0 24px}
        .headline{font-size:22px;line-height:1.4;letter-spacing:-.005em;margin:0 0 24px;max-width:36em}
        .warning{border-left:3px solid var(--c2);padding:6px 0 6px 14px;margin:0 0 24px;max-width:48em}
        .numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(120px,1fr));gap:16px 20px;margin:24px 0 0;padding:0}
        .numbers div{border-top:2px solid var(--ink);padding-top:6px}
        .numbers dt{font-size:13px;color:var(--muted)}
        .numbers dd{margin:0;font-size:21px;font-variant-numeric:tabular-nums;line-height:1.3}
        .numbers small{display:block;font-size:12px;color:var(--muted);line-height:1.35}
        .scroll{overflow-x:auto;margin:0 0 8px}
        table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
        th,td{text-align:left;padding:6px 12px 6px 0;border-bottom:1px solid var(--rule);vertical-align:top}
        th{font-weight:600;color:var(--muted);font-size:13px}
        td.n,th.n{text-align:right}
        tr.lead td{font-weight:600}
        tr.group th{color:var(--ink);padding-top:16px}
        td small{color:var(--muted);font-weight:400;white-space:nowrap}
        td.path,td.value{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px;overflow-wrap:break-word}
        .tag{font-size:11px;font-weight:400;letter-spacing:0;vertical-align:2px;color:var(--muted);border:1px solid var(--rule);border-radius:4px;padding:0 5px;white-space:nowrap;font-family:system-ui,sans-serif}
        .swatch{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:8px}
        .bar{display:block;height:6px;border-radius:1px;margin-top:5px;min-width:1px}
        figure{margin:28px 0 44px}
        figure svg{display:block;max-width:100%;height:auto}
        .ground{fill:none}
        .narrow{display:none}
        .shows{margin:0 0 16px}
        figcaption{font-size:13.5px;line-height:1.5;color:var(--muted);margin-top:10px;max-width:48em}
        .files{font-size:13px;color:var(--muted);margin-top:6px}
        details{font-size:14px;margin-top:4px}
        summary{cursor:pointer;color:var(--muted);font-size:13px}
        details .scroll{max-height:320px;overflow:auto;margin-top:8px}
        .sample{display:grid;grid-template-columns:minmax(160px,260px) minmax(0,1fr);gap:28px;margin:16px 0 8px;align-items:start}
        .sample img{display:block;width:100%;height:auto;border-radius:8px;background:var(--rule)}
        .sample td:first-child{white-space:nowrap}
        .say{margin:0 0 10px;padding:9px 14px;border-radius:14px;max-width:30em;width:fit-content}
        .say.q{background:var(--rule);border-bottom-left-radius:3px}
        .say.a{background:var(--c1);color:var(--paper);border-bottom-right-radius:3px;margin-left:auto;font-weight:600}
        .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(226px,1fr));gap:22px 20px;margin:16px 0;padding:0;list-style:none}
        .cards li{min-width:0}
        .cards .pair{display:flex;gap:6px;height:108px}
        .cards .pair>*{flex:0 1 auto;min-width:0}
        .cards img{width:108px;height:108px;object-fit:cover;border-radius:4px;background:var(--rule);flex:none}
        .cards svg{height:108px;width:auto;max-width:108px;display:block}
        .cards b,.cards span{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
        .cards b{margin-top:6px;font-size:14px}
        .cards span{font-size:12.5px;color:var(--muted);font-variant-numeric:tabular-nums}
        pre{background:var(--d20);padding:12px 14px;border-radius:8px;overflow-x:auto;font:13.5px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;user-select:all;margin:0 0 14px;white-space:pre-wrap;overflow-wrap:anywhere}
        dl.words{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:6px 20px;font-size:14.5px;margin:0}
        dl.words dt{font-weight:600}
        dl.words dd{margin:0}
        [data-key]{cursor:pointer}
        .off{opacity:.25}
        [data-series].off{display:none}
        circle[data-tip]:hover,path[data-tip]:hover{fill-opacity:1;stroke:var(--ink);stroke-width:1.2}
        #tip{position:fixed;z-index:9;pointer-events:none;background:var(--ink);color:var(--paper);font-size:12.5px;line-height:1.4;padding:5px 9px;border-radius:5px;white-space:pre;max-width:calc(100vw - 8px)}
        footer{margin-top:64px;padding-top:12px;border-top:1px solid var(--rule);font-size:13px;color:var(--muted)}
        @media(max-width:1000px){.page{display:block;max-width:808px}nav{position:static;max-height:none;margin-bottom:28px}nav ol{border-left:0;display:flex;flex-wrap:wrap;gap:2px 16px}nav li li{display:none}nav li a{padding:2px 0;border:0;margin:0}}
        @media(max-width:780px){.wide{display:none}.narrow{display:block}.narrow svg{margin:0 auto}}
        @media(max-width:560px){body{font-size:15.5px}.page{padding:20px 16px 60px}h1{font-size:26px}h2{font-size:20px;margin-top:48px}.headline{font-size:19px}.sample{grid-template-columns:1fr;gap:14px}.sample img{max-width:260px}dl.words{display:block}dl.words dd{margin:0 0 8px}td,th{padding-right:8px}.numbers{grid-template-columns:repeat(2,minmax(0,1fr))}.cards{grid-template-columns:repeat(2,minmax(0,1fr));gap:18px 16px}.cards .pair{height:80px;gap:4px}.cards img{width:80px;height:80px}.cards svg{height:80px;max-width:80px}}
        @media print{nav,#tip,.files details{display:none}.page{display:block}figure{break-inside:avoid}}

        """;
}
